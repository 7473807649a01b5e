"""One writer of the lake at a time, on whatever machine: a lock in the application database."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import DictRow

LAKE_LOCK = 0x6C_61_6B_65


@contextmanager
def lake_alone(connection: psycopg.Connection[DictRow]) -> Iterator[None]:
    """Be the only one that writes to the lake while the block runs; waits for another. Held by the connection."""
    connection.execute("select pg_advisory_lock(%s)", [LAKE_LOCK])
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select pg_advisory_unlock(%s)", [LAKE_LOCK])
