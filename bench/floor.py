"""What others are compared with: a plain COPY of the same rows, from Python, into one keyed table."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow

FLOOR = """
create temporary table floor (
    source text, event_id text, event_name text, schema_version bigint, occurred_at timestamptz,
    received_at timestamptz, session_id text, properties jsonb, primary key (source, event_id)
)
"""


def copy_rows(connection: psycopg.Connection[DictRow], rows: Iterable[Mapping[str, Any]]) -> float:
    """Copy events as a file holds them; seconds."""
    now = datetime.now(UTC)
    connection.execute(FLOOR)
    began = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy("copy floor from stdin") as copy:
        for row in rows:
            copy.write_row(
                ("import", row["event_id"], row["event_name"], 1, row["occurred_at"], now, row["session_id"],
                 row["properties"])
            )  # fmt: skip
    seconds = time.perf_counter() - began
    connection.execute("drop table floor")
    return seconds
