"""Takes the snapshot of the current publication and points `latest` to it.

    snapshots/<publication_id>/snapshot.duckdb, <mart>.parquet ...  never changed once they are there; a mart that grows
                                                                    with every event is a directory of days
    snapshots/latest -> <publication_id>                            replaced in one step
    snapshots/latest.duckdb -> latest/snapshot.duckdb                  follows it

A reader that opened a file keeps it, whatever is published meanwhile.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import psycopg
from adbc_driver_manager import Error as ArrowError
from adbc_driver_postgresql import dbapi as adbc
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.publication.days import read_day_changes
from warehouse.publication.reading import is_published, read_changes
from warehouse.publication.table import PUBLISHED_SCHEMA, Table, read_tables
from warehouse.snapshot.column_type import ColumnTypeUnknown
from warehouse.snapshot.keeping import Changes, Kept, drop_all_but, keep_unchanged, write_contents
from warehouse.snapshot.metric_view import create_metric_views
from warehouse.snapshot.view import create_views
from warehouse.snapshot.writing import DUCKDB_FILE, add_rows, select_statement, write_table

UNFINISHED_PREFIX = ".unfinished-"
LATEST = "latest"
LATEST_DUCKDB = "latest.duckdb"
DAY_LENGTH = len("20260101")
# They are sorted in memory: some hundreds of megabytes of a mart of a hundred thousand rows a day.
DAYS_AT_ONCE = 7


def snapshot_directory(data_path: Path) -> Path:
    """Where the snapshots of a data directory are."""
    return data_path.resolve() / "snapshots"


class SnapshotFailed(Exception):
    """No snapshot could be taken; the one before stays the latest."""


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot: its directory and the rows of each table in it, empty when it was there before."""

    publication_id: str
    directory: Path
    mart_rows: dict[str, int]


def take_snapshot(warehouse_url: str, directory: Path, *, kept: int, days_kept: int = 0) -> Snapshot:
    """Write the current publication below `directory`, and make it the latest.

    The `kept` newest stay, and the last of each of the `days_kept` last days (UTC) that have one. Raises
    `SnapshotFailed`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with only_writer(directory), connect(warehouse_url) as connection:
        for left_over in directory.glob(f"{UNFINISHED_PREFIX}*"):
            shutil.rmtree(left_over)
        # One snapshot of the database for both connections: exactly one publication, whatever happens meanwhile.
        connection.execute("set transaction isolation level repeatable read, read only")
        publication_id = _current_publication(connection)
        target = directory / publication_id
        rows: dict[str, int] = {}
        if not target.exists():
            rows = _write(connection, warehouse_url, directory, target)
        point_to(directory, publication_id)
        forget_old(directory, kept=kept, days_kept=days_kept, current=publication_id)
    return Snapshot(publication_id, target, rows)


def catch_up(warehouse_url: str, directory: Path, *, kept: int, days_kept: int = 0) -> bool:
    """Make the current publication the latest snapshot, where a process ended between the two; whether it had.

    Takes the snapshot when there is none yet. Raises `SnapshotFailed`.
    """
    with connect(warehouse_url) as connection:
        if not is_published(connection) or is_latest(directory, _current_publication(connection)):
            return False
    take_snapshot(warehouse_url, directory, kept=kept, days_kept=days_kept)
    return True


def is_latest(directory: Path, publication_id: str) -> bool:
    """Whether readers of the snapshot see this publication."""
    link = directory / LATEST
    return link.is_symlink() and str(link.readlink()) == publication_id


@contextmanager
def only_writer(directory: Path) -> Iterator[None]:
    """Be the only one that writes or deletes snapshots while the block runs; waits for another."""
    handle = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _current_publication(connection: psycopg.Connection[DictRow]) -> str:
    found = None
    if is_published(connection):
        found = connection.execute("select publication_id from marts.publications where status = 'current'").fetchone()
    if found is None:
        raise SnapshotFailed(
            "Nothing has been published yet, so there is nothing to take a snapshot of; run the pipeline"
        )
    return str(found["publication_id"])


def _write(
    connection: psycopg.Connection[DictRow], warehouse_url: str, directory: Path, target: Path
) -> dict[str, int]:
    """Write all tables under a name nobody reads, and rename it when it is whole; rows by table.

    Those that did not change since the latest snapshot come from there, and so do days that did not.
    """
    unfinished = directory / f"{UNFINISHED_PREFIX}{target.name}"
    unfinished.mkdir()
    tables = read_tables(connection, PUBLISHED_SCHEMA)
    changes = Changes(read_changes(connection), read_day_changes(connection))
    kept = keep_unchanged(directory / LATEST, unfinished, changes)
    shared = connection.execute("select pg_export_snapshot() as name").fetchone()
    assert shared is not None
    try:
        with duckdb.connect(str(unfinished / DUCKDB_FILE)) as database:
            rows = drop_all_but(database, kept)
            changed = [
                (table, _changed_days(table, kept, changes)) for table in tables if table.name not in kept.tables
            ]  # fmt: skip
            rows |= _copy(warehouse_url, shared["name"], database, changed, unfinished)
            create_metric_views(database)
            create_views(database)
    except (ArrowError, duckdb.Error, ColumnTypeUnknown) as error:
        raise SnapshotFailed(f"The snapshot of publication {target.name} could not be written: {error}") from error
    write_contents(unfinished, changes)
    for file in unfinished.rglob("*"):
        # Nobody changes a finished snapshot, not even by opening it to write.
        if file.is_file():
            file.chmod(0o444)
    unfinished.rename(target)
    return rows


def _changed_days(table: Table, kept: Kept, changes: Changes) -> list[date] | None:
    """The days of a table that were not taken over; None for all of it."""
    if table.name not in kept.days:
        return None
    days = changes.days_changed_in[table.name].keys() - kept.days[table.name]
    return [date.fromisoformat(day) for day in sorted(days)]


def _copy(
    warehouse_url: str,
    shared_snapshot: str,
    database: duckdb.DuckDBPyConnection,
    tables: list[tuple[Table, list[date] | None]],
    directory: Path,
) -> dict[str, int]:
    """Write tables, or the days of them that are named, into the snapshot; rows by table."""
    rows = {}
    with adbc.connect(warehouse_url) as source, source.cursor() as reading:
        reading.execute("set transaction isolation level repeatable read, read only")
        reading.execute(f"set transaction snapshot '{shared_snapshot}'")
        for table, days in tables:
            write = write_table if days is None else add_rows
            for some in _some_at_once(days):
                reading.execute(select_statement(table, some))
                rows[table.name] = write(database, table, reading.fetch_record_batch(), directory)
    return rows


def _some_at_once(days: list[date] | None) -> list[list[date] | None]:
    if days is None:
        return [None]
    return [days[first : first + DAYS_AT_ONCE] for first in range(0, max(len(days), 1), DAYS_AT_ONCE)]


def point_to(directory: Path, publication_id: str) -> None:
    """Make a finished snapshot the latest, in one step for readers of the DuckDB file and of Parquet alike."""
    _replace_link(directory / LATEST, publication_id)
    _replace_link(directory / LATEST_DUCKDB, f"{LATEST}/{DUCKDB_FILE}")


def _replace_link(link: Path, target: str) -> None:
    if link.is_symlink() and str(link.readlink()) == target:
        return
    unfinished = link.with_name(f"{link.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.symlink_to(target)
    unfinished.replace(link)


def forget_old(directory: Path, *, kept: int, days_kept: int, current: str) -> None:
    """Delete all but the `kept` newest snapshots and the last of each of the newest days, never the current one."""
    taken = [path.name for path in directory.iterdir() if path.is_dir() and not path.is_symlink()]
    # Their names sort by time, and begin with the day.
    finished = sorted(name for name in taken if not name.startswith("."))
    last_of_day = {name[:DAY_LENGTH]: name for name in finished}
    others = [name for name in finished if name != current]
    stay = {current, *others[len(others) - min(len(others), kept - 1) :]}
    stay |= {last_of_day[day] for day in sorted(last_of_day)[-days_kept:] if days_kept}
    for name in finished:
        if name not in stay:
            shutil.rmtree(directory / name)
