"""The table of contents of the command line."""

import subprocess
import sys

import click
import pytest

from cli.failure import run
from cli.manage import PLACES, manage
from warehouse.settings import PROJECT_ROOT

LEAVES = (
    "db init", "db reset", "db seed", "user list", "user create", "import catalog", "import events", "import orders",
    "events stats", "events flush", "events replay-quarantine", "lake archive", "lake verify", "pipeline backfill",
    "pipeline publications", "pipeline restore",
)  # fmt: skip


class TestHelp:
    @pytest.mark.parametrize("command", LEAVES)
    def test_every_command_explains_itself_with_examples(self, command, capsys):
        assert run(manage, [*command.split(), "--help"]) == 0
        printed = capsys.readouterr().out
        assert "Examples:\n    python cli/manage.py " + command in printed

    def test_the_program_names_its_groups(self, capsys):
        assert run(manage, ["--help"]) == 0
        printed = capsys.readouterr().out
        assert [line for _, line in PLACES.values() if line not in printed] == []

    def test_the_programs_help_imports_no_command(self):
        code = "import sys, cli.manage as m; m.manage(['--help'], standalone_mode=False); print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
        )
        loaded = set(done.stdout.split("\n")[-2].split())
        assert "cli.manage" in loaded
        assert not {name for name in loaded if name.startswith(("cli.commands", "psycopg", "warehouse"))}

    @pytest.mark.parametrize("name", PLACES)
    def test_every_group_is_where_it_is_said_to_be(self, name):
        assert isinstance(manage.get_command(click.Context(manage), name), click.Group)


class TestWrongUse:
    @pytest.mark.parametrize(
        "arguments",
        [["nonsense"], ["import"], ["import", "catalog"], ["import", "prompts", "x.csv"], ["events", "stats", "--kind"],
         ["user", "create", "--role", "king"], ["pipeline", "backfill", "--from", "2026-03-02", "--to", "2026-03-01"],
         ["pipeline", "backfill", "--from", "yesterday", "--to", "2026-03-01"],
         ["events", "replay-quarantine", "--kind", "prompts"]],
    )  # fmt: skip
    def test_is_status_2(self, arguments, capsys):
        assert run(manage, arguments) == 2
        assert "Usage: " in capsys.readouterr().err
