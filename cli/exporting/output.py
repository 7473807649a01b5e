"""What all exports share: the options, the file, and what is reported of it."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cli.failure import CommandFailed
from cli.output import to_json
from cli.progress import progress_bar
from warehouse.exports.file import FORMATS, FileFormat, Written, format_of, write_rows
from warehouse.exports.source import RowSet

DEFAULT_FORMAT: FileFormat = "json"
# A bar that moves more often costs more than it shows.
ROWS_A_STEP = 1000

Command = Callable[..., None]


def file_options(command: Command) -> Command:
    """The options of an export of one file."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Report as JSON."),
        click.option(
            "--format",
            "file_format",
            type=click.Choice(FORMATS),
            help="By default what FILE ends with (.json, .jsonl, .csv, .parquet), else json.",
        ),
        click.option(
            "-o",
            "--output",
            "path",
            metavar="FILE",
            required=True,
            type=click.Path(dir_okay=False, path_type=Path),
            help="The file to write. It appears when it is whole; one that is there is replaced.",
        ),
    ):
        command = option(command)
    return command


def write_export(path: Path, file_format: FileFormat | None, found: RowSet) -> Written:
    """Write an export, with a bar on a terminal. Raises `CommandFailed` where that fails."""
    with failures_told(path):
        return write_part(path, file_format or format_of(path) or DEFAULT_FORMAT, found)


def write_part(path: Path, file_format: FileFormat, found: RowSet) -> Written:
    """The same for a file of several, whose failure is told as that of the whole. Raises `OSError`."""
    with progress_bar(f"Writing {path.name}") as show:
        return write_rows(path, file_format, found.columns, _watched(found, show))


@contextmanager
def failures_told(path: Path) -> Iterator[None]:
    """Raises `CommandFailed` for a disk that is full, or fails, while what the user named is written."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise CommandFailed(f"The disk is full: {path} was not written. Free some space and try again.") from None
        if error.filename is None:
            raise CommandFailed(f"{path} could not be written: {error.strerror or error}.") from None
        raise


def report(written: Written, *, as_json: bool, **more: Any) -> None:
    """Say what was written."""
    if as_json:
        click.echo(to_json({**asdict(written), **more}))
        return
    of = f" of publication {more['publication_id']}" if more.get("publication_id") else ""
    click.echo(f"{written.row_count:,} rows{of} written to {written.path} ({written.byte_count:,} bytes).")


def _watched(found: RowSet, show: Callable[[float], None]) -> Iterator[Sequence[Any]]:
    for number, row in enumerate(found.rows, 1):
        if number % ROWS_A_STEP == 0 and found.expected_count:
            show(min(1.0, number / found.expected_count))
        yield row
