"""What a user sees when something goes wrong: one line that says what to do, never a stack trace."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.output import one_line

PROBLEM = 1
WRONG_USE = 2
LOG_FILE = "cli.log"


class CommandFailed(click.ClickException):
    """A problem that was found; ends with status 1."""

    exit_code = PROBLEM


class CommandRefused(click.ClickException):
    """A command that can't be run like this; ends with status 2."""

    exit_code = WRONG_USE


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status. Whatever it raises becomes one line on stderr."""
    try:
        # With this off click hands over the status of `ctx.exit`, and None for a command that just ends.
        status = command.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return PROBLEM
    except BrokenPipeError:
        # Whoever read our output has enough; what is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEM
    except Exception as error:  # the last line of defence: anything else would show a stack trace
        click.echo(one_line(f"Error: {_explain(error) or _unexpected(error)}"), err=True)
        return _status(error)
    return status if isinstance(status, int) else 0


def _status(error: Exception) -> int:
    from warehouse.imports.errors import ImportRefused
    from warehouse.settings import SettingsInvalid

    return WRONG_USE if isinstance(error, ImportRefused | SettingsInvalid) else PROBLEM


def _explain(error: Exception) -> str | None:
    """An expected failure as a sentence; None for one that nobody thought of."""
    import psycopg
    from redis.exceptions import RedisError

    from warehouse.imports.errors import ImportRefused
    from warehouse.servers import ServerStartFailed, ServerUnreachable
    from warehouse.settings import SettingsInvalid
    from warehouse.tenancy import AccessNotPrepared

    if isinstance(error, SettingsInvalid | ServerStartFailed | ServerUnreachable | AccessNotPrepared | ImportRefused):
        return str(error)
    if isinstance(error, psycopg.errors.DiskFull) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        return "The disk is full. Free some space and run the command again: what was done so far is kept."
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return f"The database lacks something ({_first_line(error)}). Prepare it with: python cli/manage.py db init"
    if isinstance(error, psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction):
        return f"The database does not allow it: {_first_line(error)}."
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return f"The connection to the database was lost: {_first_line(error)}. Run the command again."
    if isinstance(error, RedisError):
        return f"Redis does not answer: {_first_line(error)}."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return _explain_lake(error)


def _explain_lake(error: Exception) -> str | None:
    from warehouse.lake.errors import LakeDamaged

    return f"The lake is damaged: {error}." if isinstance(error, LakeDamaged) else None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__


def _unexpected(error: Exception) -> str:
    """Write down what happened for whoever mends it; where it was written."""
    from warehouse.private_file import private_opener

    summary = f"This should not have happened ({type(error).__name__}: {_first_line(error)})."
    try:
        log = _log_file()
        with open(log, "a", encoding="utf-8", opener=private_opener) as file:
            file.write(f"{datetime.now(UTC).isoformat()} {' '.join(sys.argv)}\n")
            file.writelines(traceback.format_exception(error))
    except OSError as unwritable:
        return f"{summary} The details could not be written either: {unwritable}"
    return f"{summary} The details are in {log}"


def _log_file() -> Path:
    from warehouse.settings import PROJECT_ROOT, SettingsInvalid, get_settings

    try:
        directory = get_settings().data_path / "logs"
    except SettingsInvalid:
        directory = PROJECT_ROOT / ".data" / "logs"
    directory.mkdir(parents=True, exist_ok=True)
    return directory / LOG_FILE
