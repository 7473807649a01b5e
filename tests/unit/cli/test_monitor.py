"""The table of contents of `monitor.py`."""

import subprocess
import sys
from datetime import datetime

import click
import pytest

from cli.failure import run
from cli.monitor import PLACES, monitor
from cli.monitoring.report import _period
from warehouse.settings import PROJECT_ROOT


class TestHelp:
    @pytest.mark.parametrize("command", PLACES)
    def test_every_command_explains_itself_with_examples(self, command, capsys):
        assert run(monitor, [command, "--help"]) == 0
        assert "Examples:\n    python cli/monitor.py " + command in capsys.readouterr().out

    @pytest.mark.parametrize("command", PLACES)
    def test_every_command_reports_as_json(self, command):
        names = {name for each in monitor.get_command(click.Context(monitor), command).params for name in each.opts}
        assert "--json" in names

    def test_help_imports_neither_dagster_nor_dbt(self):
        code = (
            "import sys, cli.monitor as m\n"
            "for name in m.PLACES: m.monitor([name, '--help'], standalone_mode=False)\n"
            "print(*sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
        )
        loaded = set(done.stdout.split("\n")[-2].split())
        assert "cli.monitoring.alerts" in loaded
        assert not {name for name in loaded if name.startswith(("dagster", "dbt"))}


class TestWrongUse:
    @pytest.mark.parametrize(
        "arguments",
        [["nonsense"], ["report", "--days", "0"], ["report", "--days", "9" * 12], ["dashboard", "--every", "soon"]],
    )
    def test_is_status_2(self, arguments, capsys):
        assert run(monitor, arguments) == 2
        assert "Usage: " in capsys.readouterr().err

    def test_what_is_no_day_is_told_how_one_is_written(self, capsys):
        assert run(monitor, ["report", "--from", "31.3.2026"]) == 2
        assert "'--from': '31.3.2026' is not a day; write one like 2026-03-31" in capsys.readouterr().err


class TestReport:
    def test_a_period_may_end_with_the_last_date_there_is(self):
        since, until = _period(None, datetime(9999, 12, 31), datetime(9999, 12, 31))
        assert since < until
