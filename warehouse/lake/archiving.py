"""Copies days of events into the lake, and lets go of their partitions when they have been kept long enough.

A batch is archived as a whole, by its id: what is new of a day are the batches that none of its files holds. Only
batches of transactions that are settled count, so one that commits later is not passed over but taken by the next run.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
from adbc_driver_postgresql import dbapi as adbc
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.lake.errors import LakeDamaged
from warehouse.lake.letting_go import remember_day, remember_others
from warehouse.lake.lock import lake_alone
from warehouse.lake.manifest import Day, day_directory, find_unlisted, read_day, sweep, write_day
from warehouse.lake.part import ORDER, SCHEMA, count_by_batch, write_part
from warehouse.lake.verifying import find_damage
from warehouse.loading.watermark import read_horizon, read_watermark

PARTITIONS_SCHEMA = "event_days"
EVENTS_TABLE = "raw_events.events"
# Letting go of a partition waits for those who read events; whoever stores waits behind it. The next run tries again.
DETACH_WAIT_MILLISECONDS = 3_000
TEXT_COLUMNS = frozenset({"organization_id", "user_id", "prompt_id", "properties"})


@dataclass(frozen=True)
class DayArchived:
    """What was done with a day: events written to a new part, and whether its partition was let go."""

    received_date: date
    written_rows: int
    is_detached: bool


@dataclass(frozen=True)
class ArchiveReport:
    """The days that changed, oldest first."""

    days: tuple[DayArchived, ...]

    @property
    def written_rows(self) -> int:
        """Events written to the lake."""
        return sum(day.written_rows for day in self.days)


def archive_events(
    database_url: str,
    warehouse_url: str,
    lake: Path,
    *,
    retention_days: int,
    today: date | None = None,
    first: date = date.min,
    last: date = date.max,
    on_day: Callable[[DayArchived], None] = lambda _: None,
) -> ArchiveReport:
    """Archive every day from `first` to `last` that is over; let go of those kept for `retention_days` and loaded.

    Only one archiving runs at a time; another waits. Killed at any point it leaves whole parts or none. No partition is
    let go whose day does not read back from the lake as it was written: raises `LakeDamaged`, after the other days.
    """
    today = today or datetime.now(UTC).date()
    done = []
    damage = []
    with connect(database_url, autocommit=True) as connection, lake_alone(connection):
        connection.execute("select make_event_day(%s::date + ahead) from generate_series(0, 7) as ahead", [today])
        remember_others(connection, lake, _days_before(connection, date.max))
        for received_date in _days_before(connection, today):
            if not first <= received_date <= last:
                continue
            is_old = received_date < today - timedelta(days=retention_days)
            try:
                written = _archive_day(connection, database_url, lake, received_date)
                is_detached = is_old and _detach_day(connection, warehouse_url, lake, received_date)
            except LakeDamaged as error:
                damage.append(str(error))
                continue
            if written or is_detached:
                done.append(DayArchived(received_date, written, is_detached))
                on_day(done[-1])
    if damage:
        raise LakeDamaged("; ".join(damage))
    return ArchiveReport(tuple(done))


def oldest_day(connection: psycopg.Connection[DictRow]) -> date | None:
    """The first day whose events are still in the application database."""
    return next(iter(_days_before(connection, date.max)), None)


def _days_before(connection: psycopg.Connection[DictRow], today: date) -> list[date]:
    rows = connection.execute(
        "select to_date(relname, '\"d\"YYYYMMDD') as day from pg_class"
        " where relnamespace = %s::regnamespace and relkind = 'r' order by relname",
        [PARTITIONS_SCHEMA],
    )
    return [row["day"] for row in rows if row["day"] < today]


def _partition(received_date: date) -> sql.Identifier:
    return sql.Identifier(PARTITIONS_SCHEMA, f"d{received_date:%Y%m%d}")


def _archive_day(connection: psycopg.Connection[DictRow], database_url: str, lake: Path, received_date: date) -> int:
    """Write what no part of the day holds yet to a further part; how many events."""
    day = read_day(lake, received_date)
    directory = day_directory(lake, received_date)
    held = sorted(_held(lake, day))
    horizon = read_horizon(connection).xid
    fresh = connection.execute(
        sql.SQL(
            "select coalesce(array_agg(distinct batch_id), '{{}}') as ids from {}"
            " where changed_xid < %s::text::xid8 and not batch_id = any(%s)"
        ).format(_partition(received_date)),
        [str(horizon), held],
    ).fetchone()
    if fresh is None or not fresh["ids"]:
        return 0
    directory.mkdir(parents=True, exist_ok=True)
    _check_unlisted(lake, day, {*held, *fresh["ids"]})
    sweep(lake, day)
    part = write_part(directory, _next_name(day), _read(database_url, received_date, fresh["ids"]))
    if part is None:
        return 0
    write_day(lake, day.model_copy(update={"parts": (*day.parts, part)}))
    return part.row_count


def _next_name(day: Day) -> str:
    """A rewritten part keeps its number and gains a revision, so the number of parts is the last number."""
    return f"part-{len(day.parts) + 1:04}.parquet"


def _read(database_url: str, received_date: date, batch_ids: list[int]) -> Iterator[pa.RecordBatch]:
    columns = sql.SQL(", ").join(
        sql.SQL("{0}::text as {0}" if name in TEXT_COLUMNS else "{0}").format(sql.Identifier(name))
        for name in SCHEMA.names
    )
    statement = sql.SQL("select {} from {} where batch_id = any({}) order by {}").format(
        columns, _partition(received_date), sql.Literal(batch_ids), sql.SQL(", ").join(map(sql.Identifier, ORDER))
    )
    with adbc.connect(database_url, autocommit=True) as source, source.cursor() as reading:
        reading.execute(statement.as_string(None))
        yield from reading.fetch_record_batch()


def _detach_day(connection: psycopg.Connection[DictRow], warehouse_url: str, lake: Path, received_date: date) -> bool:
    """Drop the partition of a day that the lake holds in full and the warehouse has loaded; whether it went."""
    partition = _partition(received_date)
    with connect(warehouse_url) as warehouse:
        loaded_through = read_watermark(warehouse, EVENTS_TABLE, read_horizon(connection))
    day = read_day(lake, received_date)
    try:
        with connection.transaction():
            connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(DETACH_WAIT_MILLISECONDS)))
            connection.execute(sql.SQL("lock table {} in access exclusive mode").format(partition))
            batches = connection.execute(
                sql.SQL(
                    "select batch_id, count(*) as rows, bool_or(changed_xid >= %s::text::xid8) as is_waiting"
                    " from {} group by batch_id"
                ).format(partition),
                [str(loaded_through)],
            ).fetchall()
            if any(batch["is_waiting"] for batch in batches):
                return False
            _check_is_whole(lake, day, {batch["batch_id"]: batch["rows"] for batch in batches})
            connection.execute(sql.SQL("alter table raw_events detach partition {}").format(partition))
            connection.execute(sql.SQL("drop table {}").format(partition))
            remember_day(connection, day)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _held(lake: Path, day: Day) -> Counter[int]:
    directory = day_directory(lake, day.received_date)
    try:
        return sum((count_by_batch(directory / part.name) for part in day.parts), Counter())
    except (pa.ArrowException, OSError) as error:
        raise LakeDamaged("; ".join(find_damage(lake, day)) or f"{directory.name} can't be read: {error}") from None


def _check_unlisted(lake: Path, day: Day, batch_ids: Set[int]) -> None:
    """Raise `LakeDamaged` when a file that no manifest lists has more than these batches, and may be all there is."""
    for path in find_unlisted(lake, day):
        try:
            is_left_over = count_by_batch(path).keys() <= batch_ids
        except pa.ArrowInvalid:
            # Half a file, in which nothing can be read.
            is_left_over = True
        if not is_left_over:
            raise LakeDamaged(f"{path.parent.name}/{path.name} is in no manifest and has events the database has not")


def _check_is_whole(lake: Path, day: Day, batches: Mapping[int, int]) -> None:
    """Raise `LakeDamaged` unless the lake holds every event of these batches, as it was written."""
    damage = find_damage(lake, day)
    if not damage:
        held = _held(lake, day)
        damage = [
            f"{day.received_date}: batch {batch_id} has {rows} events, {held[batch_id]} of them are archived"
            for batch_id, rows in batches.items()
            if held[batch_id] != rows
        ]
    if damage:
        raise LakeDamaged("The partition is kept. " + "; ".join(damage))
