"""Events from Parquet, against a plain COPY of the same rows in the same run; and the memory that takes."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click
import orjson
import psutil
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg.rows import DictRow

from api.migrations import migrate
from bench.floor import copy_rows
from warehouse.databases import connect
from warehouse.imports import import_file
from warehouse.servers import running_servers
from warehouse.settings import Settings

EVENTS = 1_000_000
# The floor is taken before, between and after, because the machine may do something else meanwhile.
FLOOR_EVENTS = 200_000
ROWS_AT_ONCE = 100_000
MEGABYTE = 2**20


def measure_imports() -> None:
    """Print events a second of an import from Parquet, as a share of COPY; the second time nothing is new."""
    with _database() as (connection, place):
        _measure_speed(connection, place / "events.parquet")


def measure_import_memory(events: int) -> None:
    """Print the memory that an import of so many events takes, tenth by tenth."""
    with _database() as (connection, place):
        _measure_memory(connection, place / "events.parquet", events)


@contextmanager
def _database() -> Iterator[tuple[psycopg.Connection[DictRow], Path]]:
    """An application database of its own, and a directory for files."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        settings = Settings(data_dir=Path(directory), database_url=None, warehouse_url=None, redis_url=None)
        with running_servers(settings) as servers:
            migrate(servers.database_url)
            with connect(servers.database_url, autocommit=True) as connection:
                yield connection, Path(directory)


def write_events(path: Path, count: int) -> None:
    """A file of events, each with an id of its own."""
    began = datetime.now(UTC) - timedelta(days=1)
    writer = None
    for first in range(0, count, ROWS_AT_ONCE):
        numbers = range(first, min(first + ROWS_AT_ONCE, count))
        table = pa.table({
            "event_id": [str(UUID(int=number)) for number in numbers],
            "event_name": pa.array(["search.performed"] * len(numbers)),
            "occurred_at": pa.array([began + timedelta(milliseconds=n) for n in numbers], pa.timestamp("us", "UTC")),
            "session_id": [f"session-{number // 20}" for number in numbers],
            "properties": [_properties(number) for number in numbers],
        })  # fmt: skip
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _properties(number: int) -> str:
    return orjson.dumps({"query": f"plan {number % 977}", "result_count": number % 50}).decode()


def _measure_speed(connection: psycopg.Connection[DictRow], path: Path) -> None:
    """A file of a million events, twice: a million are stored."""
    write_events(path, EVENTS)
    floor = _Cost("COPY of the same rows into one keyed table, from Python")
    costs = [_Cost(f"import of {EVENTS:,} events from Parquet"), _Cost("the same file again")]
    _copy(connection, path, floor)
    for cost in costs:
        with cost.of(connection, EVENTS):
            import_file(connection, "events", path)
        _copy(connection, path, floor)
    for cost in (floor, *costs):
        cost.show(floor)
    stored = connection.execute("select count(*) as n from raw_events").fetchone()
    click.echo(f"{EVENTS:,} events sent twice: {stored and stored['n']:,} stored (load {os.getloadavg()[0]:.1f})")


class _Cost:
    """Seconds and seconds of a processor, here and in Postgres, of so many events."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._events = 0
        self.seconds = self._here = self._there = 0.0

    @contextmanager
    def of(self, connection: psycopg.Connection[DictRow], events: int) -> Iterator[None]:
        """Count what is done inside."""
        backend = psutil.Process(connection.info.backend_pid)
        before, here, there = time.perf_counter(), time.process_time(), backend.cpu_times()
        yield
        after = backend.cpu_times()
        self._events += events
        self.seconds += time.perf_counter() - before
        self._here += time.process_time() - here
        self._there += after.user + after.system - there.user - there.system

    @property
    def rate(self) -> float:
        """Events a second."""
        return self._events / self.seconds

    @property
    def processor(self) -> float:
        """Microseconds of a processor an event takes."""
        return (self._here + self._there) / self._events * 1e6

    def show(self, floor: "_Cost") -> None:
        """Print it, as a share of the floor."""
        click.echo(
            f"{self._label:<58}{self.rate:>9,.0f}/s{self.rate / floor.rate:>6.0%} of COPY;"
            f" {self.processor:.1f} us of a processor each ({self._here / self._events * 1e6:.1f} in Python),"
            f" {floor.processor / self.processor:.0%} of COPY"
        )


def _copy(connection: psycopg.Connection[DictRow], path: Path, cost: _Cost) -> None:
    rows = next(pq.ParquetFile(path).iter_batches(FLOOR_EVENTS)).to_pylist()
    with cost.of(connection, len(rows)):
        copy_rows(connection, rows)


def _measure_memory(connection: psycopg.Connection[DictRow], path: Path, events: int) -> None:
    """One file of many events: the memory of this process while it is read, tenth by tenth."""
    write_events(path, events)
    process = psutil.Process()
    peaks = [0] * 10

    def look(fraction: float) -> None:
        tenth = min(int(fraction * 10), 9)
        peaks[tenth] = max(peaks[tenth], process.memory_info().rss)

    began = time.perf_counter()
    report = import_file(connection, "events", path, on_progress=look)
    rate = report.inserted / (time.perf_counter() - began)
    shown = ", ".join(f"{peak / MEGABYTE:.0f}" for peak in peaks)
    click.echo(f"{report.inserted:,} events from one file at {rate:,.0f}/s; peak MB of each tenth of it: {shown}")
