"""`manage.py lake verify` on a lake that lost a day."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Ended
from warehouse.databases import connect

LOST = "received_date=2026-03-01 is missing; the lake had 7 events of it when it left the database"


@pytest.fixture(autouse=True)
def no_lake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


class TestVerify:
    def test_says_which_day_is_missing(self, manage: Callable[..., Ended], database_url: str) -> None:
        assert manage("lake", "verify") == Ended(0, "0 events of 0 days are archived.\n", "")
        with connect(database_url, autocommit=True) as connection:
            connection.execute("insert into event_days_let_go (received_date, event_count) values ('2026-03-01', 7)")
        assert manage("lake", "verify") == Ended(1, "0 events of 0 days are archived.\n", f"{LOST}\n")
        assert manage("lake", "verify", "--json").json == {"days": 0, "events": 0, "damage": [LOST]}

    def test_of_a_lake_without_a_database_looks_at_its_files(
        self, use_database: Callable[[str], None], manage: Callable[..., Ended], missing_database_url: str
    ) -> None:
        use_database(missing_database_url)
        assert manage("lake", "verify").status == 0
