"""Which days the lake alone has, as the application database remembers: a folder that is lost can't say so itself."""

from collections.abc import Collection
from datetime import date
from pathlib import Path

import psycopg
from psycopg.rows import DictRow

from warehouse.lake.errors import LakeDamaged
from warehouse.lake.manifest import Day, find_dates, read_day

# What arrives late for such a day makes it more; a day that lost files since must not count for less.
REMEMBER = """
insert into event_days_let_go (received_date, event_count) values (%s, %s)
on conflict (received_date) do update
set event_count = greatest(event_days_let_go.event_count, excluded.event_count)
"""

Connection = psycopg.Connection[DictRow]


def remember_day(connection: Connection, day: Day) -> None:
    """Write down that the lake alone has a day. Call in the transaction that drops it; one of no events is none."""
    if day.row_count:
        connection.execute(REMEMBER, [day.received_date, day.row_count])


def remember_others(connection: Connection, lake: Path, kept: Collection[date]) -> None:
    """Write down the days of the lake that neither the database has nor anybody wrote down: those of another one."""
    for received_date in sorted(set(find_dates(lake)) - {*kept, *read_days_let_go(connection)}):
        try:
            remember_day(connection, read_day(lake, received_date))
        except LakeDamaged:
            # Told by whoever verifies; written down once it was mended.
            continue


def read_days_let_go(connection: Connection) -> dict[date, int]:
    """How many events the lake had of each day that it alone has."""
    rows = connection.execute("select received_date, event_count from event_days_let_go")
    return {row["received_date"]: row["event_count"] for row in rows}
