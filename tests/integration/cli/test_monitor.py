"""`monitor.py` where nothing was set up."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.failure import run
from cli.monitor import PLACES, monitor
from tests.integration.cli.conftest import Ended, warehouse_of
from warehouse.databases import create_database
from warehouse.settings import database_name

PREPARE = "python cli/manage.py db init"


@pytest.fixture
def look(
    use_database: Callable[[str], None],
    missing_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Ended]:
    """Run a command that finds neither database."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    use_database(missing_database_url)

    def run_command(*arguments: str) -> Ended:
        status = run(monitor, arguments)
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    return run_command


class TestNothingWasSetUp:
    @pytest.mark.parametrize("as_json", [[], ["--json"]])
    @pytest.mark.parametrize("command", ["alerts", "dashboard"])
    def test_is_said_in_a_sentence_with_what_to_do(
        self, look: Callable[..., Ended], missing_database_url: str, command: str, as_json: list[str]
    ) -> None:
        name = database_name(missing_database_url)
        said = f"Error: Nothing has run here yet: the databases {name} and {name}_warehouse do not exist. "
        assert look(command, *as_json) == Ended(1, "", f"{said}Make them with: {PREPARE}\n")

    @pytest.mark.parametrize("command", [*([each] for each in PLACES), ["alerts", "--notify"]])
    def test_nowhere_is_it_said_in_the_words_of_the_server(
        self, look: Callable[..., Ended], command: list[str]
    ) -> None:
        ended = look(*command)
        assert (ended.status, "FATAL" in ended.out + ended.err, "db init" in ended.out + ended.err) == (1, False, True)

    def test_where_people_are_told_a_lost_database_is_alerting(
        self, look: Callable[..., Ended], missing_database_url: str
    ) -> None:
        told = look("alerts", "--notify").out
        assert (
            f"database: the database could not be read: there is no database {database_name(missing_database_url)};"
            in told
        )
        assert "2 alerting" in told

    def test_one_that_is_lost_alone_is_told_as_that(
        self, look: Callable[..., Ended], missing_database_url: str
    ) -> None:
        create_database(warehouse_of(missing_database_url))
        assert "1 alerting" in look("alerts").out
        assert "does not exist yet" in look("dashboard").out
