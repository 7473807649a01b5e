"""Sends events to a marketplace through HTTP, and says what that takes: seconds, processors, memory."""

import http.client
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson
import psutil
import psycopg
from psycopg.rows import DictRow
from redis import Redis

from bench.marketplace import Marketplace
from warehouse.databases import connect
from warehouse.journal.stream import STREAM
from warehouse.servers import Servers

BATCH = 500
# Each waits for its answer before it sends again.
SENDERS = 4
PAUSE_SECONDS = 0.05
# What is answered while too much waits to be stored.
FULL = 503


def event_rows(count: int, *, first: int = 0, began: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Events as a file holds them, each with an id of its own: the numbers from `first` on. By default of yesterday."""
    began = began or datetime.now(UTC) - timedelta(days=1)
    for number in range(first, first + count):
        yield {
            "event_id": str(UUID(int=number)),
            "event_name": "search.performed",
            "occurred_at": began + timedelta(milliseconds=number),
            "session_id": f"session-{number // 20}",
            "properties": orjson.dumps({"query": f"plan {number % 977}", "result_count": number % 50}).decode(),
        }


def event_bodies(count: int, *, first: int = 0, began: datetime | None = None) -> Iterator[bytes]:
    """The same as bodies of requests, a batch each."""
    batch = []
    for row in event_rows(count, first=first, began=began):
        batch.append(row | {"properties": orjson.Fragment(row["properties"])})
        if len(batch) == BATCH:
            yield orjson.dumps(batch)
            batch.clear()


@dataclass
class Sent:
    """What a sending took: seconds until all was answered, and until all was stored."""

    count: int
    accepted_seconds: float
    stored_seconds: float
    # Seconds of a processor by part.
    processor_seconds: dict[str, float] = field(default_factory=dict)


def send_events(marketplace: Marketplace, bodies: Iterable[bytes], *, stored_before: int = 0) -> Sent:
    """Send bodies and wait until their events are stored. Every event must be accepted: none was sent before."""
    headers = marketplace.sign_up()
    before = processor_seconds(marketplace)
    began = time.perf_counter()
    count = BATCH * send_all(marketplace, headers, iter(bodies))
    accepted_seconds = time.perf_counter() - began
    with marketplace.servers() as servers, connect(servers.database_url, autocommit=True) as connection:
        wait_until_stored(servers)
        stored_seconds = time.perf_counter() - began
        if (stored := count_stored(connection)) != stored_before + count:
            raise RuntimeError(f"{stored - stored_before} of {count} accepted events are stored")
    used = {part: seconds - before[part] for part, seconds in processor_seconds(marketplace).items()}
    return Sent(count, accepted_seconds, stored_seconds, used)


def wait_until_stored(servers: Servers) -> None:
    """The stream is cut after what it held was stored. To count events again and again would cost as much as that."""
    with Redis.from_url(servers.redis_url) as client:
        while client.xlen(STREAM):
            time.sleep(PAUSE_SECONDS)


def send_all(
    marketplace: Marketplace,
    headers: dict[str, str],
    bodies: Iterator[bytes],
    *,
    found: Literal["accepted", "duplicates"] = "accepted",
) -> int:
    """How many batches were sent. Raises when one was not found to be new, or known, as a whole.

    While too much waits to be stored the service refuses: then the same is sent again a moment later.
    """
    ports = marketplace.ports
    headers = headers | {"Content-Type": "application/json"}
    turn = threading.Lock()
    failures: list[str] = []
    sent = [0] * SENDERS

    def send(sender: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", ports[sender % len(ports)], timeout=60)
        while not failures:
            with turn:
                body = next(bodies, None)
            if body is None:
                break
            status, answer = _post(connection, body, headers)
            while status == FULL:
                time.sleep(PAUSE_SECONDS)
                status, answer = _post(connection, body, headers)
            if orjson.loads(answer).get(found) != BATCH:
                failures.append(answer.decode())
            sent[sender] += 1
        connection.close()

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(failures[0])
    return sum(sent)


def _post(connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection.request("POST", "/api/v1/analytics/events", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def count_stored(connection: psycopg.Connection[DictRow]) -> int:
    """Events of this kind that are stored."""
    row = connection.execute("select count(*) as n from raw_events where event_name = 'search.performed'").fetchone()
    return int(row["n"]) if row else 0


def processor_seconds(marketplace: Marketplace) -> dict[str, float]:
    """What each part has used so far. Postgres makes a process for every connection; they count as it."""
    count = {"postgres": tree_seconds}
    return {part: count.get(part, _seconds)(process) for part, process in marketplace.parts().items()} | {
        "sender": _seconds(psutil.Process())
    }


def tree_seconds(process: psutil.Process) -> float:
    """What a process has used, and all that came from it."""
    times = process.cpu_times()
    ended: float = times.children_user + times.children_system
    return _seconds(process) + ended + sum(_seconds(child) for child in process.children(recursive=True))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def resident_mb(marketplace: Marketplace) -> dict[str, float]:
    """Memory that the API, the flusher and Redis hold now."""
    parts = marketplace.parts()
    return {name: parts[name].memory_info().rss / 2**20 for name in ("api", "flusher", "redis") if name in parts}
