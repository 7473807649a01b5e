"""One state of the warehouse, for Arrow and for questions, however long the work on it takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from adbc_driver_postgresql import dbapi as adbc
from psycopg.rows import DictRow

from warehouse.databases import connect


@dataclass(frozen=True)
class FrozenWarehouse:
    """Two connections that see the same: one that speaks Arrow, one that speaks rows."""

    connection: psycopg.Connection[DictRow]
    reading: Any


@contextmanager
def frozen(warehouse_url: str) -> Iterator[FrozenWarehouse]:
    """The warehouse as it is now, until the block ends."""
    with connect(warehouse_url) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        shared = connection.execute("select pg_export_snapshot() as name").fetchone()
        assert shared is not None
        with adbc.connect(warehouse_url) as source, source.cursor() as reading:
            reading.execute("set transaction isolation level repeatable read, read only")
            reading.execute(f"set transaction snapshot '{shared['name']}'")
            yield FrozenWarehouse(connection, reading)
