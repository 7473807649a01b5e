"""How far each raw table has been loaded.

A watermark is a transaction id of the application database: every row of a transaction before it has been loaded.
Unlike a time it leaves no gap, because the horizon of a snapshot tells exactly which transactions were still open
when we read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import DictRow

CONTROL_TABLES = """
create schema if not exists control;
create table if not exists control.load_watermarks (
    table_name text primary key,
    server_identifier text not null,
    loaded_through_xid bigint not null,
    loaded_at timestamptz not null
);
"""


@dataclass(frozen=True)
class Horizon:
    """What one snapshot of the application database can promise."""

    server_identifier: str
    # The oldest transaction that was still open: all before it are settled.
    xid: int


def create_control_tables(connection: psycopg.Connection[DictRow]) -> None:
    """Create the watermark table if it is missing, in the caller's transaction."""
    connection.execute(CONTROL_TABLES)


def read_horizon(connection: psycopg.Connection[DictRow]) -> Horizon:
    """The horizon of the snapshot the caller's transaction reads with."""
    row = connection.execute(
        "select (select system_identifier from pg_control_system())::text as server_identifier,"
        " pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xid"
    ).fetchone()
    assert row is not None  # nosec B101
    return Horizon(server_identifier=row["server_identifier"], xid=row["xid"])


def next_load_time(connection: psycopg.Connection[DictRow]) -> datetime:
    """The stamp of a load that starts now: later than every stamp before, even when the clock was set back."""
    row = connection.execute(
        "select greatest(clock_timestamp(), max(loaded_at) + interval '1 microsecond') as loaded_at"
        " from control.load_watermarks"
    ).fetchone()
    assert row is not None
    found: datetime = row["loaded_at"]
    return found


def keep_load_time(
    connection: psycopg.Connection[DictRow], table_names: Sequence[str], loaded_at: datetime
) -> None:  # fmt: skip
    """Remember a stamp that rows got outside of a load, in the caller's transaction: no later load may be earlier."""
    connection.execute(
        "update control.load_watermarks set loaded_at = greatest(loaded_at, %s) where table_name = any(%s)",
        [loaded_at, list(table_names)],
    )


def read_watermark(connection: psycopg.Connection[DictRow], table_name: str, horizon: Horizon) -> int:
    """The first transaction id to load; 0 (everything) at first, or when the application database moved servers."""
    row = connection.execute(
        "select loaded_through_xid from control.load_watermarks where table_name = %s and server_identifier = %s",
        [table_name, horizon.server_identifier],
    ).fetchone()
    if row is None or row["loaded_through_xid"] > horizon.xid:
        # Transaction ids count anew on another server: what they said there means nothing here.
        return 0
    return int(row["loaded_through_xid"])


def move_watermark(
    connection: psycopg.Connection[DictRow], table_name: str, *, horizon: Horizon, loaded_at: datetime
) -> None:
    """Say that a table is loaded through `horizon`, in the caller's transaction."""
    connection.execute(
        """
        insert into control.load_watermarks as kept (table_name, server_identifier, loaded_through_xid, loaded_at)
        values (%(table)s, %(server)s, %(xid)s, %(loaded_at)s)
        on conflict (table_name) do update set
            server_identifier = excluded.server_identifier,
            loaded_through_xid = excluded.loaded_through_xid,
            loaded_at = excluded.loaded_at
        """,
        {"table": table_name, "server": horizon.server_identifier, "xid": horizon.xid, "loaded_at": loaded_at},
    )
