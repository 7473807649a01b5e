"""What a user sees when something goes wrong."""

import errno

import click
import psycopg
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from cli.failure import CommandFailed, CommandRefused, run
from warehouse.imports import ImportRefused
from warehouse.lake import LakeDamaged
from warehouse.servers import ServerStartFailed, ServerUnreachable
from warehouse.settings import SettingsInvalid, get_settings
from warehouse.tenancy import RoleTooPowerful


def command_raising(error):
    @click.command()
    def command():
        raise error

    return command


class TestRun:
    @pytest.mark.parametrize(
        ("error", "status", "words"),
        [
            (SettingsInvalid("API_PORT: too large"), 2, "API_PORT: too large"),
            (ImportRefused("x.csv is empty."), 2, "x.csv is empty."),
            (ImportRefused("x.csv has: \x1b[2Ja\nb"), 2, "x.csv has: \\x1b[2Ja\\nb"),
            (LakeDamaged("part-0001.parquet is missing"), 1, "The lake is damaged: part-0001.parquet is missing."),
            (ServerStartFailed("Postgres did not start: no space"), 1, "Postgres did not start"),
            (ServerUnreachable("REDIS_URL does not lead"), 1, "REDIS_URL does not lead"),
            (RoleTooPowerful("MARTS_DATABASE_URL names the role postgres"), 1, "MARTS_DATABASE_URL names the role"),
            (CommandFailed("found something"), 1, "found something"),
            (CommandRefused("not like this"), 2, "not like this"),
            (psycopg.errors.DiskFull("could not extend file"), 1, "The disk is full."),
            (OSError(errno.ENOSPC, "No space left on device"), 1, "The disk is full."),
            (psycopg.errors.UndefinedTable('relation "prompts" does not exist'), 1, "db init"),
            (
                psycopg.errors.AdminShutdown("terminating connection\nmore"),
                1,
                "The connection to the database was lost",
            ),
            (psycopg.OperationalError("server closed the connection"), 1, "The connection to the database was lost"),
            (RedisConnectionError("refused"), 1, "Redis does not answer: refused."),
            (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "/x: Permission denied."),
        ],
    )
    def test_an_expected_failure_is_one_line_and_a_status(self, capsys, error, status, words):
        assert run(command_raising(error), []) == status
        printed = capsys.readouterr()
        assert words in printed.err
        assert printed.err.count("\n") == 1
        assert printed.out == ""

    def test_an_unexpected_failure_is_one_line_and_its_trace_is_in_the_log(self, capsys):
        assert run(command_raising(ZeroDivisionError("boom")), []) == 1
        printed = capsys.readouterr()
        log = get_settings().data_path / "logs" / "cli.log"
        assert printed.err.count("\n") == 1
        assert "ZeroDivisionError: boom" in printed.err
        assert str(log) in printed.err
        assert "Traceback" not in printed.err
        assert "Traceback" in log.read_text()

    def test_being_stopped_is_no_trace(self, capsys):
        assert run(command_raising(KeyboardInterrupt()), []) == 1
        assert "Stopped." in capsys.readouterr().err

    def test_wrong_use_is_status_2(self, capsys):
        assert run(command_raising(None), ["--nonsense"]) == 2
        assert "No such option" in capsys.readouterr().err

    def test_a_command_that_ends_well_is_status_0(self):
        assert run(click.Command("nothing", callback=lambda: None), []) == 0

    def test_a_command_says_its_own_status(self):
        @click.command()
        @click.pass_context
        def command(context):
            context.exit(1)

        assert run(command, []) == 1
