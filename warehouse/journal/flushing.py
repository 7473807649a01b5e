"""Moves events from the stream into Postgres, exactly once.

How far the stream has been stored is kept in Postgres and moves in the transaction that stores: after a kill at any
point the next flusher goes on where the last commit stood. One transaction-long advisory lock lets any number of
flushers run; one works.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import redis
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.events import EventInvalid
from warehouse.intake import ReadyEvent
from warehouse.journal.dividing import store_each
from warehouse.journal.ledger import StoreReport, record_batch
from warehouse.journal.quarantine import Rejected, quarantine
from warehouse.journal.recent import FORGET_SECONDS, Forgetting
from warehouse.journal.stream import ACCEPTED, STREAM, Entry, read_entry

logger = logging.getLogger(__name__)

FLUSH_LOCK = 0x66_6C_75_73_68
# Bound one transaction and the memory it takes. An entry holds at most one request's batch.
ENTRIES_AT_ONCE = 200
ENTRIES_READ_AT_ONCE = 10
BYTES_AT_ONCE = 4 * 1024 * 1024
# In the ledger and in quarantine.
ORIGIN = "journal"
# How often a waiting flusher looks at the stream's length.
POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0
# While events keep coming, a flusher that goes on rests so many times as long as it worked, up to a second.
REST_SHARE = 2.0
REST_MAX_SECONDS = 1.0
# More than this is no burst: then it hurries, before senders are refused.
HURRY_ABOVE_ENTRIES = 500
HURRY_ABOVE_BYTES = 64 * 1024 * 1024


class Flusher:
    """Stores the stream's events when `max_events` wait, or `interval_seconds` after the first of them came."""

    def __init__(
        self,
        redis_url: str,
        database_url: str,
        *,
        max_events: int,
        interval_seconds: float,
        forget_seconds: float = FORGET_SECONDS,
    ) -> None:
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=30)
        self._forgetting = Forgetting(self._redis, after_seconds=forget_seconds)
        self._database_url = database_url
        self._max_events = max_events
        self._interval_seconds = interval_seconds
        # Unknown at start, so what an earlier process left is flushed at once.
        self._accepted_before = 0

    def run(self, stop: threading.Event) -> None:
        """Flush until `stop` is set, and once more then. While a server is down events stay in the stream."""
        waiting_since: float | None = None
        while not stop.is_set():
            try:
                waiting_since = self._flush_when_due(waiting_since, stop)
                stop.wait(POLL_SECONDS)
            except (psycopg.OperationalError, redis.RedisError) as error:
                logger.warning("events wait in the journal, a server is down: %s", error)
                stop.wait(RETRY_SECONDS)
            except psycopg.Error as error:
                # Nobody else would notice that nothing is stored any more.
                logger.error("events wait in the journal, the database refuses them: %s", error)
                stop.wait(RETRY_SECONDS)
            except Exception:  # whatever stands in the stream, the thread that reads it goes on
                logger.exception("events wait in the journal, they can't be read")
                stop.wait(RETRY_SECONDS)
        try:
            self.flush_all()
        except (psycopg.Error, redis.RedisError) as error:
            logger.warning("events stay in the journal for the next start: %s", error)

    def _flush_when_due(self, waiting_since: float | None, stop: threading.Event) -> float | None:
        self._forgetting.forget()
        if not self._redis.xlen(STREAM):
            return None
        now = time.monotonic()
        waiting_since = now if waiting_since is None else waiting_since
        accepted = int(self._redis.get(ACCEPTED) or 0)
        if now - waiting_since < self._interval_seconds and accepted - self._accepted_before < self._max_events:
            return waiting_since
        self.flush_all(rest=stop.wait)
        self._accepted_before = accepted
        return None

    def flush_all(self, *, rest: Callable[[float], object] | None = None) -> StoreReport:
        """Store everything that waits now; what became of it. Raises psycopg or redis errors when a server is down.

        `rest` waits for so many seconds between two transactions, while events keep coming.
        """
        report = StoreReport()
        with connect(self._database_url) as connection:
            while True:
                began, accepted = time.monotonic(), self._redis.get(ACCEPTED)
                flushed = self._flush_once(connection)
                if flushed is None:
                    return report
                report += flushed
                if rest is not None:
                    worked, has_come = time.monotonic() - began, self._redis.get(ACCEPTED) != accepted
                    # An estimate from a few entries, so that it costs as little however many there are.
                    size = self._redis.memory_usage(STREAM) or 0
                    rest(rest_seconds(worked, has_come=has_come, entries=self._redis.xlen(STREAM), size=size))

    def close(self) -> None:
        """Let go of the connection to Redis."""
        self._redis.close()

    def _flush_once(self, connection: psycopg.Connection[DictRow]) -> StoreReport | None:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [FLUSH_LOCK])
            position = _position(connection)
            if position is not None and self._stream_began_anew(position):
                position = None
            entries = self._read_after(position)
            if not entries:
                if position:
                    self._redis.xtrim(STREAM, minid=_after(position), approximate=False)
                return None
            arrived = _read(entries)
            report = _store_arrived(connection, arrived)
            last = entries[-1].stream_id
            connection.execute("update journal_position set stream_id = %s", [last])
        # Only now are the entries stored for certain; a kill before this line leaves them to be passed over.
        self._redis.xtrim(STREAM, minid=_after(last), approximate=False)
        for bucket, events in arrived.remembered:
            self._forgetting.note(bucket, events)
        self._forgetting.forget()
        return report

    def _read_after(self, position: str | None) -> list[Entry]:
        entries: list[Entry] = []
        size = 0
        while len(entries) < ENTRIES_AT_ONCE and size < BYTES_AT_ONCE:
            after = entries[-1].stream_id if entries else position
            found: Any = self._redis.xrange(STREAM, min=f"({after}" if after else "-", count=ENTRIES_READ_AT_ONCE)
            if not found:
                break
            read = [read_entry(stream_id, fields) for stream_id, fields in found]
            size += sum(len(entry.content) for entry in read)
            entries += read
        return entries

    def _stream_began_anew(self, position: str) -> bool:
        """Whether Redis was emptied and its clock went back: then our position says nothing about its entries."""
        if not self._redis.exists(STREAM):
            return False
        last = self._redis.xinfo_stream(STREAM)["last-generated-id"]
        return _numbers(last.decode() if isinstance(last, bytes) else str(last)) < _numbers(position)


def rest_seconds(worked: float, *, has_come: bool, entries: int, size: int) -> float:
    """How long a flusher leaves the processors to those who take events in, after it worked for so many seconds.

    Whoever sends events waits for the answer; nobody waits for them to be stored. Nothing when none came meanwhile, or
    when so many entries or bytes (`size`) wait that they are no burst.
    """
    if not has_come or entries > HURRY_ABOVE_ENTRIES or size > HURRY_ABOVE_BYTES:
        return 0.0
    return min(REST_SHARE * worked, REST_MAX_SECONDS)


def _position(connection: psycopg.Connection[DictRow]) -> str | None:
    row = connection.execute("select stream_id from journal_position").fetchone()
    return row["stream_id"] if row else None


def _numbers(stream_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = stream_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def _after(stream_id: str) -> str:
    milliseconds, sequence = _numbers(stream_id)
    return f"{milliseconds}-{sequence + 1}"


@dataclass
class _Arrived:
    """What several entries brought."""

    events: list[ReadyEvent] = field(default_factory=list)
    unreadable: list[Rejected] = field(default_factory=list)
    duplicates: int = 0
    # Events whose ids are remembered until they are stored, and where.
    remembered: list[tuple[str, list[ReadyEvent]]] = field(default_factory=list)


def _read(entries: Sequence[Entry]) -> _Arrived:
    arrived = _Arrived()
    for entry in entries:
        arrived.duplicates += entry.duplicates
        try:
            events = entry.read()
        except EventInvalid as error:
            arrived.unreadable.append(Rejected("events", ORIGIN, entry.content, error.reason, str(error)))
            continue
        arrived.events += events
        if entry.recent is not None:
            arrived.remembered.append((entry.recent, events))
    return arrived


def _store_arrived(connection: psycopg.Connection[DictRow], arrived: _Arrived) -> StoreReport:
    quarantine(connection, arrived.unreadable)
    left_out = StoreReport(
        received=len(arrived.unreadable) + arrived.duplicates,
        duplicate=arrived.duplicates,
        quarantined=len(arrived.unreadable),
    )
    record_batch(connection, left_out, origin=ORIGIN)
    return left_out + store_each(connection, arrived.events, origin=ORIGIN)
