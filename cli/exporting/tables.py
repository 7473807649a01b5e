"""`export.py users`, `prompts`, `transactions`, `events` and `marts`: rows as they are stored."""

from pathlib import Path

import click

from cli.database import open_servers
from cli.exporting.output import file_options, report, write_export
from cli.failure import CommandFailed
from cli.output import EXPORT, examples
from warehouse.exports.file import FileFormat
from warehouse.exports.source import Kind, NothingPublished, current_publication, open_export, open_marts, reading
from warehouse.lake import LAKE_DIRECTORY
from warehouse.settings import get_settings


@click.command(epilog=examples("users -o users.csv", program=EXPORT))
@file_options
def users(path: Path, file_format: FileFormat | None, as_json: bool) -> None:
    """Export who is registered, with the company of each. Passwords and secrets are never exported."""
    _export("users", path, file_format, as_json=as_json)


@click.command(epilog=examples("prompts -o prompts.csv", "prompts --format parquet -o prompts", program=EXPORT))
@file_options
def prompts(path: Path, file_format: FileFormat | None, as_json: bool) -> None:
    """Export the prompts with the text of their current version, in the columns `manage.py import catalog` reads."""
    _export("prompts", path, file_format, as_json=as_json)


@click.command(epilog=examples("transactions -o orders.parquet", program=EXPORT))
@file_options
def transactions(path: Path, file_format: FileFormat | None, as_json: bool) -> None:
    """Export the orders with what was refunded of each. Amounts are in minor units of their currency."""
    _export("transactions", path, file_format, as_json=as_json)


@click.command(epilog=examples("events -o events.parquet", program=EXPORT))
@file_options
def events(path: Path, file_format: FileFormat | None, as_json: bool) -> None:
    """Export the events that are stored, also those the lake alone still has. Events in the journal are not yet."""
    _export("events", path, file_format, as_json=as_json)


@click.command(
    epilog=examples("marts --mart fct_orders -o orders.parquet", "marts -o marts.jsonl", program=EXPORT)
)  # fmt: skip
@click.option("--mart", help="One mart, with its columns; else all, each row as its mart's name and a JSON object.")
@file_options
def marts(mart: str | None, path: Path, file_format: FileFormat | None, as_json: bool) -> None:
    """Export the published marts, all of one publication."""
    with open_servers() as servers, reading(servers.warehouse_url) as connection:
        try:
            with open_marts(connection, mart) as found:
                written = write_export(path, file_format, found)
            publication_id = current_publication(connection)
        except NothingPublished as error:
            raise CommandFailed(str(error)) from None
    report(written, as_json=as_json, publication_id=publication_id)


def _export(kind: Kind, path: Path, file_format: FileFormat | None, *, as_json: bool) -> None:
    lake = get_settings().data_path.resolve() / LAKE_DIRECTORY
    with (
        open_servers() as servers,
        reading(servers.database_url) as connection,
        open_export(connection, kind, lake=lake) as found,
    ):
        written = write_export(path, file_format, found)
    report(written, as_json=as_json)
