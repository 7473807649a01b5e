"""Loads days of the lake into the warehouse: for one that is new, or that lost what the application let go of."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from warehouse.databases import connect
from warehouse.lake.errors import LakeDamaged
from warehouse.lake.manifest import Day, day_directory, read_days
from warehouse.lake.part import SCHEMA, read_batches
from warehouse.lake.verifying import find_damage
from warehouse.loading.table import upsert_arrivals, write_arrivals
from warehouse.loading.watermark import keep_load_time, next_load_time
from warehouse.raw_tables import RAW_TABLES

EVENTS = next(table for table in RAW_TABLES if table.full_name == "raw_events.events")


@dataclass(frozen=True)
class DayLoaded:
    """A day of the lake: the events it has, and those of them the warehouse did not have as they are."""

    received_date: date
    row_count: int
    changed_rows: int


def load_days(
    lake: Path,
    warehouse_url: str,
    first: date,
    last: date,
    *,
    let_go: Mapping[date, int] | None = None,
    on_day: Callable[[DayLoaded], None] = lambda _: None,
) -> list[DayLoaded]:
    """Load the days from `first` to `last`, both included, each in one transaction. The caller holds the pipeline.

    The rows take the way of every load: upserted, those that say nothing new left alone, and the next run builds on
    what changed. Raises `LakeDamaged` before anything of a damaged day is loaded, as one is that has fewer
    events than when the database let go of it (`let_go`); loading again is safe.
    """
    loaded = []
    let_go = let_go or {}
    there = {day.received_date: day for day in read_days(lake)}
    for received_date in sorted({*there, *let_go}):
        if not first <= received_date <= last:
            continue
        day = there.get(received_date, Day(received_date=received_date))
        if damage := find_damage(lake, day, event_count=let_go.get(received_date, 0)):
            raise LakeDamaged("; ".join(damage))
        loaded.append(_load_day(lake, warehouse_url, day))
        on_day(loaded[-1])
    return loaded


def _load_day(lake: Path, warehouse_url: str, day: Day) -> DayLoaded:
    write_arrivals(warehouse_url, EVENTS, pa.RecordBatchReader.from_batches(SCHEMA, _rows(lake, day)))
    with connect(warehouse_url) as connection:
        loaded_at = next_load_time(connection)
        changed = upsert_arrivals(connection, EVENTS, loaded_at=loaded_at)
        keep_load_time(connection, [EVENTS.full_name], loaded_at)
    return DayLoaded(day.received_date, day.row_count, changed)


def _rows(lake: Path, day: Day) -> Iterator[pa.RecordBatch]:
    for part in day.parts:
        yield from read_batches(day_directory(lake, day.received_date) / part.name)
