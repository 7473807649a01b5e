"""Brings the published marts back to an earlier publication, from its snapshot.

Only marts that changed since are read. Their rows are staged first, over as long as it takes; one transaction then
writes those that differ, and says which publication is the current one.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import psycopg
from adbc_driver_manager import Error as ArrowError
from adbc_driver_postgresql import dbapi as adbc
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.erasure.finishing import holds_any
from warehouse.erasure.person import Person
from warehouse.publication.days import forget_day_changes, put_day_changes
from warehouse.publication.publishing import only_publisher
from warehouse.publication.reading import is_published, read_changes
from warehouse.publication.table import PUBLISHED_SCHEMA, Table, read_tables
from warehouse.snapshot.column_type import duckdb_type, is_sent_as_text
from warehouse.snapshot.keeping import Changes, read_contents
from warehouse.snapshot.restoration import RESTORATIONS_TABLE, record_restoration
from warehouse.snapshot.staged_table import apply_staged
from warehouse.snapshot.taking import only_writer, point_to
from warehouse.snapshot.writing import DUCKDB_FILE

Connection = psycopg.Connection[DictRow]
STAGING_SCHEMA = "marts_restored"
# They tell what was published when; what was, stays true.
RECORDS = frozenset({"publications", "rank_prompts_history"})


class RestoreRefused(Exception):
    """The publication can't be restored; what is published stays."""


@dataclass(frozen=True)
class Restoration:
    """What a restore did. A publication that replaced itself was the current one already."""

    publication_id: str
    replaced_publication_id: str
    changed_rows: dict[str, int]

    @property
    def is_new(self) -> bool:
        """Whether readers see another publication than before."""
        return self.publication_id != self.replaced_publication_id


@dataclass(frozen=True)
class KnownPublication:
    """A publication there was. `is_kept` says whether it can be restored."""

    publication_id: str
    as_of: datetime
    data_as_of: datetime | None
    finished_at: datetime
    status: str
    policy_version: str
    is_kept: bool
    kept_bytes: int | None
    restored_at: datetime | None


def list_publications(warehouse_url: str, directory: Path, *, limit: int | None = None) -> list[KnownPublication]:
    """The publications, the newest first, and which of them have a snapshot below `directory` to go back to."""
    with connect(warehouse_url) as connection:
        if not is_published(connection):
            return []
        connection.execute(RESTORATIONS_TABLE)
        rows = connection.execute(
            "select publications.*, restored.restored_at from marts.publications left join lateral"
            " (select max(restored_at) as restored_at from control.restorations"
            " where restorations.publication_id = publications.publication_id) as restored on true"
            " order by finished_at desc, publications.publication_id desc limit %s",
            [limit],
        ).fetchall()
    return [_known(row, directory / row["publication_id"]) for row in rows]


def _known(row: DictRow, snapshot: Path) -> KnownPublication:
    is_kept = (snapshot / DUCKDB_FILE).exists()
    size = sum(file.stat().st_size for file in snapshot.rglob("*")) if is_kept else None
    return KnownPublication(
        publication_id=row["publication_id"],
        as_of=row["as_of"],
        # Earlier versions had no such column.
        data_as_of=row.get("data_as_of"),
        finished_at=row["finished_at"],
        status=row["status"],
        policy_version=row["policy_version"],
        is_kept=is_kept,
        kept_bytes=size,
        restored_at=row["restored_at"],
    )


def restore_publication(
    warehouse_url: str,
    directory: Path,
    publication_id: str,
    *,
    restored_by: str,
    people: Sequence[Person] = (),
    held_prompts: Sequence[str] = (),
) -> Restoration:
    """Make an earlier publication the current one again: all of it or, on any error, nothing.

    `people` are those whose erasure is not done: a publication that holds one of them is not brought back.
    `held_prompts` are left out of its ranks: a hold that came later goes on. Call while no pipeline run is at work.
    Takes time by the size of the marts that changed since. Raises `RestoreRefused`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with only_writer(directory), connect(warehouse_url) as connection, only_publisher(connection):
        current = _current(connection, publication_id)
        if (directory / current / DUCKDB_FILE).exists():
            # One that was killed between the commit and the pointer; also when this one is refused.
            point_to(directory, current)
        snapshot = directory / publication_id
        _check_kept(snapshot, directory, people)
        changed_rows: dict[str, int] = {}
        if publication_id != current:
            tables = _changed_tables(connection, snapshot)
            with _staged(connection, warehouse_url, snapshot, tables), connection.transaction():
                changed_rows = {table.name: apply_staged(connection, table, STAGING_SCHEMA) for table in tables}
                if held_prompts:
                    connection.execute("delete from marts.rank_prompts where prompt_id = any(%s)", [list(held_prompts)])
                _switch(connection, publication_id, current, restored_by)
                _remember(connection, tables, read_contents(snapshot))
        # One that was killed before this is ended by the next restore of whatever, or as the next run begins.
        point_to(directory, publication_id)
    return Restoration(publication_id, current, changed_rows)


def _current(connection: Connection, publication_id: str) -> str:
    """The current publication's id, when the one asked for is known too."""
    known: dict[str, str] = {}
    if is_published(connection):
        known = {
            row["publication_id"]: row["status"]
            for row in connection.execute(
                "select publication_id, status from marts.publications where status = 'current' or publication_id = %s",
                [publication_id],
            )
        }
    if publication_id not in known:
        raise RestoreRefused(f"There is no publication {publication_id}; `pipeline publications` lists those there are")
    return next(id_ for id_, status in known.items() if status == "current")


def _check_kept(snapshot: Path, directory: Path, people: Sequence[Person]) -> None:
    if not (snapshot / DUCKDB_FILE).exists():
        kept = sorted((path.parent.name for path in directory.glob(f"*/{DUCKDB_FILE}") if _is_own(path)), reverse=True)
        raise RestoreRefused(
            f"Publication {snapshot.name} is not kept any more, so it can't be restored. "
            f"Kept are: {', '.join(kept) or 'none'}"
        )
    if holds_any(snapshot / DUCKDB_FILE, people):
        raise RestoreRefused(
            f"Publication {snapshot.name} holds a person who is being erased, so it can't be restored; "
            "the next pipeline run ends the erasure"
        )


def _is_own(file: Path) -> bool:
    return not file.parent.is_symlink() and not file.parent.name.startswith(".")


def _changed_tables(connection: Connection, snapshot: Path) -> list[Table]:
    """The published tables that hold something else than the snapshot. Raises `RestoreRefused` over other columns."""
    then, now = read_contents(snapshot).changed_in, read_changes(connection)
    published = [table for table in read_tables(connection, PUBLISHED_SCHEMA) if table.name not in RECORDS]
    with _open(snapshot) as database:
        found = _read_shapes(database)
    missing = sorted(found.keys() - RECORDS - {table.name for table in published})
    other = [table.name for table in published if found.get(table.name) != _shape(table)]
    if missing or other:
        raise RestoreRefused(
            f"Publication {snapshot.name} was made by another version of the models, so it can't be restored; "
            f"other columns or none then or now: {', '.join([*missing, *other])}"
        )
    return [table for table in published if table.name not in now or then.get(table.name) != now[table.name]]


@contextmanager
def _open(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A snapshot's database. Whatever is wrong with it while the block runs is a `RestoreRefused`."""
    try:
        with duckdb.connect(str(snapshot / DUCKDB_FILE), read_only=True) as database:
            yield database
    except (ArrowError, duckdb.Error) as error:
        raise RestoreRefused(f"The snapshot of publication {snapshot.name} could not be read: {error}") from error


def _read_shapes(database: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    shapes: dict[str, dict[str, str]] = {}
    rows = database.execute(
        "select columns.table_name, columns.column_name, columns.data_type"
        " from duckdb_columns() as columns inner join duckdb_tables() as tables using (table_oid)"
        " where tables.schema_name = $1 and columns.schema_name = $1",
        [PUBLISHED_SCHEMA],
    ).fetchall()
    for table, column, type_ in rows:
        shapes.setdefault(table, {})[column] = _plain(type_)
    return shapes


def _shape(table: Table) -> dict[str, str]:
    return {column.name: _plain(duckdb_type(column.type)) for column in table.columns}


def _plain(type_: str) -> str:
    """A type of DuckDB in one spelling."""
    return type_.lower().replace(" ", "").replace("timestampwithtimezone", "timestamptz")


@contextmanager
def _staged(connection: Connection, warehouse_url: str, snapshot: Path, tables: Iterable[Table]) -> Iterator[None]:
    """The rows of the snapshot in tables of the warehouse that nobody reads, gone after the block."""
    drop = sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(STAGING_SCHEMA))
    # One that was killed leaves its tables behind.
    connection.execute(drop)
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(STAGING_SCHEMA)))
    try:
        with _open(snapshot) as database, adbc.connect(warehouse_url) as target, target.cursor() as writing:
            for table in tables:
                rows = database.sql(_read_statement(table)).to_arrow_reader()
                writing.adbc_ingest(table.name, rows, mode="create", db_schema_name=STAGING_SCHEMA)
            target.commit()
        yield
    finally:
        if not connection.closed:
            connection.execute(drop)


def _read_statement(table: Table) -> str:
    """SQL for DuckDB: the rows in types that Arrow carries to Postgres exactly."""
    columns = ", ".join(
        f'"{column.name}"::varchar as "{column.name}"' if is_sent_as_text(column.type) else f'"{column.name}"'
        for column in table.columns
    )
    return f'select {columns} from "{PUBLISHED_SCHEMA}"."{table.name}"'  # nosec B608


def _switch(connection: Connection, publication_id: str, current: str, restored_by: str) -> None:
    # One after the other: at no moment may two be current.
    connection.execute("update marts.publications set status = 'superseded' where status = 'current'")
    connection.execute("update marts.publications set status = 'current' where publication_id = %s", [publication_id])
    record_restoration(connection, publication_id, replaced=current, restored_by=restored_by)


def _remember(connection: Connection, tables: Iterable[Table], then: Changes) -> None:
    """From now on the next publication compares these marts whole, and knows which copies of them hold."""
    names = [table.name for table in tables]
    connection.execute("delete from control.published_marts where mart = any(%s)", [names])
    connection.execute("delete from control.mart_changes where mart = any(%s)", [names])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into control.mart_changes (mart, publication_id) values (%s, %s)",
            [(name, then.changed_in[name]) for name in names if name in then.changed_in],
        )
    forget_day_changes(connection, names)
    for name in names:
        days = then.days_changed_in.get(name, {})
        if days:
            put_day_changes(connection, name, {date.fromisoformat(day): changed for day, changed in days.items()})
