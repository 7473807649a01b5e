"""`export.py full-backup`: everything that can be exported, as a directory of files."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg.rows import DictRow

from cli.database import open_servers
from cli.exporting.output import failures_told, write_part
from cli.failure import CommandRefused
from cli.output import EXPORT, examples, to_json
from warehouse.exports.file import FORMATS, FileFormat
from warehouse.exports.source import (
    NothingPublished,
    RowSet,
    current_publication,
    open_export,
    open_marts,
    open_table,
    published_tables,
    reading,
)
from warehouse.exports.unfinished import unfinished_directory
from warehouse.lake import LAKE_DIRECTORY
from warehouse.settings import get_settings

MANIFEST = "manifest.json"
HASHED_AT_ONCE = 1024 * 1024
# What the business is. Log-ins, keys, links, letters and inboxes are of the running service alone.
TABLES = (
    "organizations",
    "users",
    "prompts",
    "prompt_versions",
    "orders",
    "refunds",
    "entitlements",
    "reviews",
    "decisions",
    "appeals",
    "audit_log",
)

Files = list[dict[str, Any]]


@click.command("full-backup", epilog=examples("full-backup -o backup-2026-12-01", program=EXPORT))
@click.option(
    "-o",
    "--output",
    "directory",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory to make. It appears when it is whole.",
)
@click.option("--format", "file_format", type=click.Choice(FORMATS), default="parquet", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def full_backup(directory: Path, file_format: FileFormat, as_json: bool) -> None:
    """Export every table of the business, all events and all marts, with a manifest of rows and hashes.

    Holds no password, key or other secret, so it does not bring a service back to life: for that, copy the databases
    with PostgreSQL's pg_dump. What it holds is of one moment of each database.
    """
    if directory.exists() and any(directory.iterdir()):
        raise CommandRefused(f"{directory} is not empty: name a directory that is not there yet.")
    begun = datetime.now(UTC)
    with failures_told(directory), open_servers() as servers, unfinished_directory(directory) as place:
        with reading(servers.database_url) as connection:
            files = _application(connection, place, file_format)
        with reading(servers.warehouse_url) as connection:
            mart_files, publication_id = _marts(connection, place, file_format)
        files += mart_files
        manifest = {"created_at": begun, "publication_id": publication_id, "files": files}
        (place / MANIFEST).write_text(to_json(manifest) + "\n", encoding="utf-8")
    if as_json:
        click.echo(to_json({"path": directory, **manifest}))
        return
    for each in files:
        click.echo(f"  {each['path']:<48}{each['row_count']:>14,} rows")
    click.echo(f"{len(files)} files written to {directory}.")


def _application(connection: psycopg.Connection[DictRow], place: Path, file_format: FileFormat) -> Files:
    from api.models import Model

    tables = {mapper.class_.__tablename__: mapper.class_ for mapper in Model.registry.mappers}
    files = []
    for name in TABLES:
        model = tables[name]
        columns = [column.name for column in model.__table__.columns if column.name not in model.private_columns]
        key = [column.name for column in model.__table__.primary_key]
        with open_table(connection, name, columns, key=key) as found:
            files.append(_write(place, Path("application") / f"{name}.{file_format}", file_format, found))
    lake = get_settings().data_path.resolve() / LAKE_DIRECTORY
    with open_export(connection, "events", lake=lake) as found:
        files.append(_write(place, Path("application") / f"events.{file_format}", file_format, found))
    return files


def _marts(
    connection: psycopg.Connection[DictRow], place: Path, file_format: FileFormat
) -> tuple[Files, str | None]:  # fmt: skip
    try:
        tables = published_tables(connection)
    except NothingPublished:
        # A marketplace without a run yet has a backup too.
        return [], None
    files = []
    for table in tables:
        with open_marts(connection, table.name) as found:
            files.append(_write(place, Path("marts") / f"{table.name}.{file_format}", file_format, found))
    return files, current_publication(connection)


def _write(place: Path, name: Path, file_format: FileFormat, found: RowSet) -> dict[str, Any]:
    path = place / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    written = write_part(path, file_format, found)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASHED_AT_ONCE):
            digest.update(chunk)
    return {
        "path": str(name),
        "row_count": written.row_count,
        "byte_count": written.byte_count,
        "sha256": digest.hexdigest(),
    }
