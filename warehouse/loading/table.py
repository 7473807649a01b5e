"""Loads one raw table: Arrow batches out of the application database, an upsert into the warehouse."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
import pyarrow as pa
from adbc_driver_manager import OperationalError as ArrowConnectionError
from adbc_driver_postgresql import dbapi as adbc
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.loading.changes import changes_query
from warehouse.loading.watermark import Horizon, move_watermark, read_watermark
from warehouse.raw_tables import LOADED_AT, RawTable

ARRIVALS_SCHEMA = "control"
# Types are those that Postgres brings along, which the driver knows. It would ask for every column there is otherwise:
# 18,000 where events have a partition for each day of a year, which takes longer than to load one of them.
KNOWN_TYPES = {"adbc.postgresql.type_resolver_mode": "builtin"}


class LoadFailed(Exception):
    """A table could not be loaded; nothing of it was kept."""


def arrivals_name(table: RawTable) -> str:
    """The unlogged table in which a load's rows arrive before they are merged."""
    return f"arriving_{table.name}"


def write_arrivals(warehouse_url: str, table: RawTable, rows: pa.RecordBatchReader) -> int:
    """Put the stream into the arrivals table, which belongs to nobody until `merge_arrivals`; the number of rows."""
    with adbc.connect(warehouse_url, KNOWN_TYPES, autocommit=True) as connection:
        return _ingest(connection, table, rows)


def _ingest(connection: adbc.Connection, table: RawTable, rows: pa.RecordBatchReader) -> int:
    with connection.cursor() as cursor:
        written = cursor.adbc_ingest(arrivals_name(table), rows, mode="replace", db_schema_name=ARRIVALS_SCHEMA)
    return int(written)


def merge_arrivals(
    connection: psycopg.Connection[DictRow], table: RawTable, *, horizon: Horizon, loaded_at: datetime
) -> int:
    """Upsert what arrived and move the watermark, in the caller's transaction; the number of rows that changed."""
    changed = upsert_arrivals(connection, table, loaded_at=loaded_at)
    move_watermark(connection, table.full_name, horizon=horizon, loaded_at=loaded_at)
    return changed


def upsert_arrivals(connection: psycopg.Connection[DictRow], table: RawTable, *, loaded_at: datetime) -> int:
    """Upsert what arrived, in the caller's transaction; the number of rows that changed."""
    arrivals = sql.Identifier(ARRIVALS_SCHEMA, arrivals_name(table))
    changed = connection.execute(_upsert(table, arrivals), {"loaded_at": loaded_at}).rowcount
    connection.execute(sql.SQL("drop table {}").format(arrivals))
    return changed


def _upsert(table: RawTable, arrivals: sql.Identifier) -> sql.Composed:
    """Insert or update; a row that says nothing new is left alone, so that it does not count as changed downstream."""
    names = [sql.Identifier(column.name) for column in table.columns]
    values = [
        sql.SQL("{}::jsonb").format(name) if column.is_json else name
        for name, column in zip(names, table.columns, strict=True)
    ]
    rest = [sql.Identifier(column.name) for column in table.columns if column.name not in table.key]
    loaded_at = sql.Identifier(LOADED_AT)
    return sql.SQL(
        "insert into {table} as kept ({names}, {loaded_at}) select {values}, %(loaded_at)s from {arrivals}"
        " on conflict ({key}) do update set {assignments}, {loaded_at} = excluded.{loaded_at}"
        " where ({kept}) is distinct from ({excluded})"
    ).format(
        table=table.identifier,
        names=sql.SQL(", ").join(names),
        loaded_at=loaded_at,
        values=sql.SQL(", ").join(values),
        arrivals=arrivals,
        key=sql.SQL(", ").join(map(sql.Identifier, table.key)),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in rest),
        kept=sql.SQL(", ").join(sql.SQL("kept.{}").format(name) for name in rest),
        excluded=sql.SQL(", ").join(sql.SQL("excluded.{}").format(name) for name in rest),
    )


@dataclass(frozen=True)
class Arrow:
    """Connections that speak Arrow, one to each database."""

    source: adbc.Connection
    warehouse: adbc.Connection


@contextmanager
def arrow_between(database_url: str, warehouse_url: str) -> Iterator[Arrow]:
    """Connections for `load_table`, autocommitting. Raises `LoadFailed`."""
    with ExitStack() as stack:
        try:
            source, warehouse = (
                stack.enter_context(adbc.connect(url, KNOWN_TYPES, autocommit=True))
                for url in (database_url, warehouse_url)
            )
            with source.cursor() as cursor:
                # Of a partition it has no statistics of, Postgres would read every row to find the few that changed.
                cursor.execute("set enable_seqscan = off")
        except (ArrowConnectionError, adbc.Error) as error:
            raise LoadFailed(f"nothing could be loaded: {error}") from error
        yield Arrow(source, warehouse)


def load_table(
    arrow: Arrow,
    table: RawTable,
    *,
    connection: psycopg.Connection[DictRow],
    horizon: Horizon,
    loaded_at: datetime,
) -> int:
    """Load one table up to now, in one warehouse transaction with its watermark; the number of rows that changed.

    `horizon` must have been read before this call: rows newer than it are loaded as well, and read again next time,
    so a transaction that is open now is missed by neither. Raises `LoadFailed`; calling again after any failure is
    safe.
    """
    since = read_watermark(connection, table.full_name, horizon)
    connection.commit()
    try:
        with arrow.source.cursor() as reading:
            reading.execute(changes_query(arrow.source, table, since))
            _ingest(arrow.warehouse, table, reading.fetch_record_batch())
    except (ArrowConnectionError, adbc.Error) as error:
        raise LoadFailed(f"{table.full_name} could not be read from {table.source_table}: {error}") from error
    with connection.transaction():
        return merge_arrivals(connection, table, horizon=horizon, loaded_at=loaded_at)
