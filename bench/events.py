"""Taking in events: through HTTP and from a file, against a plain COPY of the same rows in the same run."""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq

from bench.intake import count_stored, event_bodies, event_rows, send_events
from bench.marketplace import Marketplace
from bench.tracking import measure_tracking
from warehouse.databases import connect
from warehouse.imports import import_file
from warehouse.servers import Servers

HTTP_EVENTS = 100_000
WARM_UP_EVENTS = 5_000
IMPORTED_EVENTS = 1_000_000
PARQUET_ROWS_AT_ONCE = 50_000
FLOOR = """
create temporary table floor (
    source text, event_id text, event_name text, schema_version bigint, occurred_at timestamptz,
    received_at timestamptz, session_id text, properties jsonb, primary key (source, event_id)
)
"""


def measure_events() -> None:
    """Print events a second of each way in, as a share of COPY."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        place = Path(directory)
        marketplace = Marketplace(place, EVENT_FLUSH_MAX_EVENTS="5000")
        try:
            marketplace.start("api")
            marketplace.start("flusher")
            _measure_http(marketplace)
        finally:
            marketplace.stop()
        with marketplace.servers() as servers:
            _measure_import(servers, place / "events.parquet")
            measure_tracking(servers)


def _measure_http(marketplace: Marketplace) -> None:
    # Connections are made and modules are imported by the first.
    send_events(marketplace, event_bodies(WARM_UP_EVENTS))
    bodies = list(event_bodies(HTTP_EVENTS, first=WARM_UP_EVENTS))
    with marketplace.servers() as servers:
        # Before and after: the machine may do something else meanwhile.
        seconds = _copy_seconds(servers, HTTP_EVENTS)
        sent = send_events(marketplace, bodies, stored_before=WARM_UP_EVENTS)
        floor = 2 * HTTP_EVENTS / (seconds + _copy_seconds(servers, HTTP_EVENTS))
    _line(f"COPY of {HTTP_EVENTS:,} rows into one keyed table", floor, floor)
    _line("HTTP in batches of 500: accepted, durable", HTTP_EVENTS / sent.accepted_seconds, floor)
    _line("HTTP in batches of 500: until all is stored", HTTP_EVENTS / sent.stored_seconds, floor)
    used = ", ".join(f"{part} {each / HTTP_EVENTS * 1e6:.1f}" for part, each in sent.processor_seconds.items())
    click.echo(f"us of a processor an event took: {used}")


def _line(label: str, rate: float, floor: float) -> None:
    click.echo(f"{label:<52}{rate:>10,.0f}/s{rate / floor:>8.0%} of COPY")


def _copy_seconds(servers: Servers, count: int) -> float:
    """How long a plain COPY of the rows takes into one keyed table, from Python."""
    rows = list(event_rows(count))
    now = datetime.now(UTC)
    with connect(servers.database_url) as connection:
        connection.execute(FLOOR)
        began = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("copy floor from stdin") as copy:
            for row in rows:
                copy.write_row(
                    ("import", row["event_id"], row["event_name"], 1, row["occurred_at"], now, row["session_id"],
                     row["properties"])
                )  # fmt: skip
        return time.perf_counter() - began


def _measure_import(servers: Servers, path: Path) -> None:
    """A file of a million events, twice: a million are stored."""
    rows = event_rows(IMPORTED_EVENTS)
    with pq.ParquetWriter(path, pa.Table.from_pylist(list(event_rows(1))).schema) as writer:
        for _ in range(IMPORTED_EVENTS // PARQUET_ROWS_AT_ONCE):
            writer.write_table(pa.Table.from_pylist(list(_first(rows, PARQUET_ROWS_AT_ONCE)), writer.schema))
    floor = IMPORTED_EVENTS / _copy_seconds(servers, IMPORTED_EVENTS)
    _line(f"COPY of {IMPORTED_EVENTS:,} rows into one keyed table", floor, floor)
    with connect(servers.database_url, autocommit=True) as connection:
        before = count_stored(connection)
        for label in (f"import of {IMPORTED_EVENTS:,} events from Parquet", "the same file again"):
            began = time.perf_counter()
            report = import_file(connection, "events", path)
            _line(label, report.read / (time.perf_counter() - began), floor)
        stored = count_stored(connection) - before
        click.echo(f"{IMPORTED_EVENTS:,} events sent twice: {stored:,} stored")


def _first(rows: Iterator[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    for _, row in zip(range(count), rows, strict=False):
        yield row
