"""The table of contents of `export.py`."""

import click
import pytest

from cli.export import PLACES, export
from cli.failure import run


class TestHelp:
    @pytest.mark.parametrize("command", PLACES)
    def test_every_command_explains_itself_with_examples(
        self, command: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(export, [command, "--help"]) == 0
        assert "Examples:\n    python cli/export.py " + command in capsys.readouterr().out

    @pytest.mark.parametrize("command", PLACES)
    def test_every_command_reports_as_json_and_takes_a_format(self, command: str) -> None:
        found = export.get_command(click.Context(export), command)
        assert found is not None
        assert {"--json", "--format", "--output"} <= {name for each in found.params for name in each.opts}
