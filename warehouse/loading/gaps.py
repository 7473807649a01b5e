"""Hours of events that the load left out: found by comparing the ledgers of both databases, and loaded again.

The load goes by transactions and leaves no gap by itself (see `watermark`). This looks from outside, by the hours in
which batches were stored: whatever the reason, a warehouse that was restored, a watermark that somebody moved, rows
that somebody deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from adbc_driver_postgresql import dbapi as adbc
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.loading.changes import rows_query
from warehouse.loading.table import upsert_arrivals, write_arrivals
from warehouse.loading.watermark import keep_load_time, next_load_time
from warehouse.raw_tables import RAW_TABLES, RawTable

Connection = psycopg.Connection[DictRow]

BATCHES = next(table for table in RAW_TABLES if table.full_name == "raw_events.event_batches")
EVENTS = next(table for table in RAW_TABLES if table.full_name == "raw_events.events")

FILLED_GAPS = """
create schema if not exists control;
-- One row per hour that was loaded again because the load had left something of it out.
create table if not exists control.filled_gaps (
    hour timestamptz not null,
    filled_at timestamptz not null,
    missing_batches bigint not null,
    missing_events bigint not null,
    changed_rows bigint not null,
    primary key (hour, filled_at)
);
"""
HOUR = "date_trunc('hour', recorded_at, 'UTC')"
# What was stored after the load looked is not missing: the next load takes it.
EXPECTED = f"""
select {HOUR} as hour, count(*) as batches, sum(stored_count)::bigint as events
from event_batches
where changed_xid < %(loaded_through)s::text::xid8
group by 1
"""  # nosec B608
ARRIVED = f"""
select {HOUR} as hour, count(*) as batches, sum(stored_count)::bigint as events
from raw_events.event_batches
group by 1
"""  # nosec B608
# Every event of the warehouse is read for this.
ARRIVED_COUNTING = f"""
select {HOUR} as hour, count(*) as batches, sum(coalesce(arrived.events, 0))::bigint as events
from raw_events.event_batches
left join (
    select batch_id, count(*) as events from raw_events.events where batch_id is not null group by batch_id
) as arrived using (batch_id)
group by 1
"""  # nosec B608
SILENT = f"""
select hour
from generate_series(
    date_trunc('hour', now(), 'UTC') - %(hours)s * interval '1 hour',
    date_trunc('hour', now(), 'UTC') - interval '1 hour',
    interval '1 hour'
) as hour
where hour > (select min(recorded_at) from event_batches)
    and hour not in (select {HOUR} from event_batches where recorded_at > now() - (%(hours)s + 1) * interval '1 hour')
order by hour
"""  # nosec B608


@dataclass(frozen=True)
class Gap:
    """An hour of which the warehouse has less than the application stored."""

    hour: datetime
    missing_batches: int
    missing_events: int


@dataclass(frozen=True)
class GapsFilled:
    """The gaps that were found, how many rows of the warehouse changed, and the gaps that are still there."""

    found: list[Gap]
    changed_rows: int
    remaining: list[Gap]


def find_gaps(database_url: str, warehouse_url: str, *, is_counting_events: bool = False) -> list[Gap]:
    """The hours of which the warehouse lacks batches or events, after a load.

    By the ledgers alone, which costs little: that a batch has all its events is for the blocking check of each run.
    With `is_counting_events` the events are counted as well. Empty before the first load.
    """
    with connect(warehouse_url) as warehouse:
        arrived = {
            row["hour"]: row
            for row in warehouse.execute((ARRIVED_COUNTING if is_counting_events else ARRIVED).encode())
        }
        watermark = warehouse.execute(
            "select loaded_through_xid from control.load_watermarks where table_name = %s", [BATCHES.full_name]
        ).fetchone()
    if watermark is None:
        return []
    with connect(database_url) as application:
        expected = application.execute(
            EXPECTED.encode(), {"loaded_through": str(watermark["loaded_through_xid"])}
        ).fetchall()  # fmt: skip
    gaps = []
    for row in sorted(expected, key=lambda row: row["hour"]):
        found = arrived.get(row["hour"], {"batches": 0, "events": 0})
        if found["batches"] < row["batches"] or found["events"] < row["events"]:
            missing = {name: max(row[name] - found[name], 0) for name in ("batches", "events")}
            gaps.append(Gap(row["hour"], missing["batches"], missing["events"]))
    return gaps


def fill_gaps(database_url: str, warehouse_url: str, *, is_counting_events: bool = False) -> GapsFilled:
    """Load the hours with gaps again. The caller holds the pipeline, as for a load.

    Rows take the way of every load, so those that are there are left alone, and filling again is safe. Events that left
    the application database are in the lake: their gap remains (`manage.py pipeline backfill` fills it).
    """
    found = find_gaps(database_url, warehouse_url, is_counting_events=is_counting_events)
    if not found:
        return GapsFilled([], 0, [])
    changed = sum(_fill(database_url, warehouse_url, gap) for gap in found)
    return GapsFilled(found, changed, find_gaps(database_url, warehouse_url, is_counting_events=is_counting_events))


def find_silent_hours(application: Connection, *, hours: int) -> list[datetime]:
    """The whole hours of the last `hours` in which not one batch of events was stored, in UTC."""
    return [row["hour"] for row in application.execute(SILENT.encode(), {"hours": hours})]


def read_filled(warehouse: Connection, *, limit: int = 20) -> Sequence[DictRow]:
    """The hours that were filled last."""
    warehouse.execute(FILLED_GAPS)
    return warehouse.execute(
        "select * from control.filled_gaps order by filled_at desc, hour limit %s", [limit]
    ).fetchall()  # fmt: skip


def _fill(database_url: str, warehouse_url: str, gap: Gap) -> int:
    hour = sql.Literal(gap.hour).as_string(None)
    in_hour = f"recorded_at >= {hour} and recorded_at < {hour} + interval '1 hour'"
    conditions = {
        BATCHES: in_hour,
        EVENTS: f"batch_id in (select id from event_batches where {in_hour})",  # nosec B608
    }
    for table, condition in conditions.items():
        _arrive(database_url, warehouse_url, table, condition)
    with connect(warehouse_url) as warehouse:
        warehouse.execute(FILLED_GAPS)
        loaded_at = next_load_time(warehouse)
        changed = sum(upsert_arrivals(warehouse, table, loaded_at=loaded_at) for table in conditions)
        keep_load_time(warehouse, [table.full_name for table in conditions], loaded_at)
        warehouse.execute(
            "insert into control.filled_gaps values (%s, %s, %s, %s, %s)",
            [gap.hour, loaded_at, gap.missing_batches, gap.missing_events, changed],
        )
    return changed


def _arrive(database_url: str, warehouse_url: str, table: RawTable, condition: str) -> None:
    with adbc.connect(database_url, autocommit=True) as source, source.cursor() as reading:
        reading.execute(rows_query(table, condition))
        write_arrivals(warehouse_url, table, reading.fetch_record_batch())
