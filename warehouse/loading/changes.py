"""What a load reads: the rows of the application database that transactions wrote since the last one."""

import psycopg
from adbc_driver_postgresql import dbapi as adbc
from psycopg.rows import DictRow

from warehouse.raw_tables import RawTable

STORED_BATCHES = "event_batches where stored_count > 0"
# To look into a partition that has nothing costs little, but into each of a year's more than to read a day. Which may
# be left out must be known when the query is planned: Postgres writes the bounds. It does so in seconds: as texts, some
# settings of a session give times a zone such as IST, which is read as that of another country.
ON_THEIR_DAYS = f"""
select case
    when count(*) = 0 then 'false'
    -- Of batches that were stored before days were noted, events may lie anywhere.
    when count(last_received_on) < count(*) then 'true'
    else format(
        'received_at >= to_timestamp(%L) and received_at < to_timestamp(%L)',
        extract(epoch from min(first_received_on)), extract(epoch from max(last_received_on) + 1)
    )
end
from {STORED_BATCHES}
"""  # nosec B608


def rows_query(table: RawTable, condition: str) -> str:
    """SQL over the application database: the rows that meet a condition, as the warehouse has them."""
    columns = ", ".join(f'{column.source} as "{column.name}"' for column in table.columns)
    return f"select {columns} from {table.source_table} where {condition}"  # nosec B608


def changes_query(source: adbc.Connection, table: RawTable, since_xid: int) -> str:
    """SQL over the application database: rows written by transactions from `since_xid` on (0: all).

    Of a table with a partition for each day, it names the days on which batches of these transactions lie. Batches
    that are committed after this was asked may be left out: their transactions were open, and are read next time.
    """
    condition = _written_since(since_xid)
    if table.is_by_day and since_xid:
        with source.cursor() as cursor:
            cursor.execute(f"{ON_THEIR_DAYS} and {condition}")
            days = cursor.fetchone()
        assert days is not None
        condition = f"{condition} and {days[0]}"
    return rows_query(table, condition)


def has_changes(source: psycopg.Connection[DictRow], table: RawTable, since_xid: int) -> bool:
    """Whether the caller's transaction sees rows that a load from `since_xid` on would take."""
    condition = _written_since(since_xid)
    found = f"{STORED_BATCHES} and {condition}" if table.is_by_day else f"{table.source_table} where {condition}"
    row = source.execute(f"select exists (select from {found}) as found".encode()).fetchone()  # nosec B608
    return bool(row and row["found"])


def _written_since(since_xid: int) -> str:
    return f"changed_xid >= '{since_xid:d}'::xid8" if since_xid else "true"
