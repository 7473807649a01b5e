"""Taking in events: through HTTP and from a file, against a plain COPY of the same rows in the same run."""

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import click
import httpx
import orjson
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg.rows import DictRow

from api.middleware.tracking import TrackingMiddleware
from bench.marketplace import Marketplace
from warehouse.databases import connect
from warehouse.imports import import_file
from warehouse.journal import AsyncJournal
from warehouse.journal.stream import STREAM
from warehouse.servers import Servers

HTTP_EVENTS = 100_000
HTTP_BATCH = 500
HTTP_SENDERS = 4
IMPORTED_EVENTS = 1_000_000
PARQUET_ROWS_AT_ONCE = 50_000
REQUESTS = 5_000
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
            accepted, stored = _through_http(marketplace)
        finally:
            marketplace.stop()
        with marketplace.servers() as servers:
            floor = HTTP_EVENTS / _copy_seconds(servers, HTTP_EVENTS)
            _line(f"COPY of {HTTP_EVENTS:,} rows into one keyed table", floor, floor)
            _line("HTTP in batches of 500: accepted, durable", accepted, floor)
            _line("HTTP in batches of 500: until all is stored", stored, floor)
            _measure_import(servers, place / "events.parquet")
            asyncio.run(_measure_tracking(servers))


def _line(label: str, rate: float, floor: float) -> None:
    click.echo(f"{label:<52}{rate:>10,.0f}/s{rate / floor:>8.0%} of COPY")


def _rows(count: int) -> Iterator[dict[str, Any]]:
    began = datetime.now(UTC) - timedelta(days=1)
    for number in range(count):
        yield {
            "event_id": str(UUID(int=number)),
            "event_name": "search.performed",
            "occurred_at": began + timedelta(milliseconds=number),
            "session_id": f"session-{number // 20}",
            "properties": orjson.dumps({"query": f"plan {number % 977}", "result_count": number % 50}).decode(),
        }


def _copy_seconds(servers: Servers, count: int) -> float:
    """How long a plain COPY of the rows takes into one keyed table, from Python."""
    rows = list(_rows(count))
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


def _through_http(marketplace: Marketplace) -> tuple[float, float]:
    """Events accepted a second, and events a second until the last is stored."""
    headers = marketplace.sign_up() | {"Content-Type": "application/json"}
    events = [row | {"properties": orjson.loads(row["properties"])} for row in _rows(HTTP_EVENTS)]
    bodies = [orjson.dumps(events[i : i + HTTP_BATCH]) for i in range(0, HTTP_EVENTS, HTTP_BATCH)]

    def send(own: list[bytes]) -> None:
        with httpx.Client(base_url=marketplace.url, headers=headers, timeout=60, trust_env=False) as client:
            for body in own:
                answer = client.post("/analytics/events", content=body)
                assert answer.json()["accepted"] == HTTP_BATCH, answer.text

    threads = [threading.Thread(target=send, args=(bodies[i::HTTP_SENDERS],)) for i in range(HTTP_SENDERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = HTTP_EVENTS / (time.perf_counter() - began)
    with marketplace.servers() as servers, connect(servers.database_url, autocommit=True) as connection:
        while _stored(connection, "search.performed") < HTTP_EVENTS:
            time.sleep(0.05)
    return accepted, HTTP_EVENTS / (time.perf_counter() - began)


def _stored(connection: psycopg.Connection[DictRow], event_name: str) -> int:
    row = connection.execute("select count(*) as n from raw_events where event_name = %s", [event_name]).fetchone()
    return int(row["n"]) if row else 0


def _measure_import(servers: Servers, path: Path) -> None:
    """A file of a million events, twice: a million are stored."""
    rows = _rows(IMPORTED_EVENTS)
    with pq.ParquetWriter(path, pa.Table.from_pylist(list(_rows(1))).schema) as writer:
        for _ in range(IMPORTED_EVENTS // PARQUET_ROWS_AT_ONCE):
            writer.write_table(pa.Table.from_pylist(list(_first(rows, PARQUET_ROWS_AT_ONCE)), writer.schema))
    floor = IMPORTED_EVENTS / _copy_seconds(servers, IMPORTED_EVENTS)
    _line(f"COPY of {IMPORTED_EVENTS:,} rows into one keyed table", floor, floor)
    with connect(servers.database_url, autocommit=True) as connection:
        before = _stored(connection, "search.performed")
        for label in (f"import of {IMPORTED_EVENTS:,} events from Parquet", "the same file again"):
            began = time.perf_counter()
            report = import_file(connection, "events", path)
            _line(label, report.read / (time.perf_counter() - began), floor)
        stored = _stored(connection, "search.performed") - before
        click.echo(f"{IMPORTED_EVENTS:,} events sent twice: {stored:,} stored")


def _first(rows: Iterator[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    for _, row in zip(range(count), rows, strict=False):
        yield row


async def _measure_tracking(servers: Servers) -> None:
    """What writing the call to the journal adds to a request that does nothing else."""
    journal = AsyncJournal(servers.redis_url, servers.database_url)

    class Resources:
        """What the middleware looks for in the application."""

        def __init__(self) -> None:
            self.state = self
            self.resources = self
            self.journal = journal

    async def respond(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def nowhere(_message: Any) -> None:
        pass

    def scope() -> Any:
        headers = [(b"user-agent", b"bench/1.0")]
        state = {"request_id": str(uuid4())}
        path = "/api/v1/marketplace/browse"
        return {"type": "http", "method": "GET", "path": path, "headers": headers, "state": state, "app": Resources()}

    async def seconds(app: Any) -> float:
        began = time.perf_counter()
        for _ in range(REQUESTS):
            await app(scope(), nowhere, nowhere)
            # Whoever writes what was buffered has its turn.
            await asyncio.sleep(0)
        return (time.perf_counter() - began) / REQUESTS

    tracked = TrackingMiddleware(respond)
    costs = [await seconds(tracked) - await seconds(respond) for _ in range(5)]
    await journal.close()
    with connect(servers.database_url):
        click.echo(f"tracking a call: {median(costs) * 1e6:.0f} µs a request, the entry in {STREAM} included")
