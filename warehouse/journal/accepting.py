"""Accepts events from a running service: durable when `append` returns."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import redis.asyncio as redis
from redis.exceptions import RedisError

from warehouse.databases import connect
from warehouse.events import Event
from warehouse.intake.fingerprint import event_key, payload_hash
from warehouse.journal.ledger import StoreReport, record_batch
from warehouse.journal.storing import store
from warehouse.journal.stream import ACCEPTED, DUPLICATES_FIELD, FIELD, STREAM, decode, encode, encode_fields, join

logger = logging.getLogger(__name__)

# Events of the service itself have fresh random ids; only others are remembered.
SERVER_SOURCES = frozenset({"api", "worker"})
# In the ledger, of what went straight to Postgres.
ORIGIN = "api"
# Ids are remembered in Redis until they are surely stored in Postgres, which remembers for ever.
RECENT_BUCKET_SECONDS = 300
RECENT_BUCKETS = 3
BUFFER_SECONDS = 0.1
BUFFER_MAX_EVENTS = 10_000
# A hundred requests a second fill it in a quarter of an hour in which nothing is stored.
DEFAULT_JOURNAL_MAX_ENTRIES = 100_000
# Redis down and Postgres slow must not pile up threads.
DIRECT_STORES_AT_ONCE = 4
# A Redis that hangs holds up nobody for longer, and is then left alone for a while: else every reader would wait.
REDIS_TIMEOUT_SECONDS = 2.0
PAUSE_SECONDS = 5.0


class JournalUnavailable(Exception):
    """Neither Redis nor Postgres could take the events: nothing was accepted."""


class JournalFull(JournalUnavailable):
    """So much waits to be stored that more is refused, before the memory ends: nothing was accepted."""


Fingerprint = tuple[UUID, UUID]


@dataclass(frozen=True)
class Known:
    """Indexes of events that need not be appended: their ids were accepted before, or stand earlier in their batch."""

    duplicates: set[int]
    # With another payload than then.
    reused: set[int]
    # What each event is known by: its key, and the hash of its payload.
    fingerprints: tuple[Fingerprint, ...] = field(default=(), compare=False)


def _fingerprint(event: Event) -> Fingerprint:
    return event_key(event.source, event.event_id), payload_hash(event)


def _bucket(age: int = 0) -> str:
    return f"events:recent:{int(time.time() // RECENT_BUCKET_SECONDS) - age}"


class AsyncJournal:
    """The service's end of the journal. One per process; `close` writes out what is buffered."""

    def __init__(self, redis_url: str, database_url: str, *, max_entries: int = DEFAULT_JOURNAL_MAX_ENTRIES) -> None:
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
        )
        self._database_url = database_url
        self._max_entries = max_entries
        # The length of the stream as this process last saw it: each append tells it without a question of its own.
        self._entries = 0
        self._paused_until = 0.0
        self._direct = asyncio.Semaphore(DIRECT_STORES_AT_ONCE)
        self._buffer: list[bytes] = []
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.dropped = 0

    async def append(
        self, events: Sequence[Event], *, duplicates: int = 0, fingerprints: Sequence[Fingerprint] | None = None
    ) -> None:
        """Accept events as one entry. Raises `JournalUnavailable` or `JournalFull`, and then none was accepted.

        `duplicates` more came with them and were left out; the ledger counts them when the entry is stored.
        `fingerprints` are those of the events, where `find_known` has computed them.
        """
        if not events and not duplicates:
            return
        remembered: dict[Any, Any] = {
            key.bytes: sent.bytes
            for key, sent in fingerprints
            or [_fingerprint(event) for event in events if event.source not in SERVER_SOURCES]
        }
        await self._append_entry(encode(events), len(events), duplicates, remembered)

    async def _append_entry(
        self, entry: bytes, count: int, duplicates: int = 0, remembered: Mapping[Any, Any] | None = None
    ) -> None:
        if self._is_paused:
            await self._store_directly(decode(entry), duplicates)
            return
        await self._check_room()
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xlen(STREAM)
        pipeline.xadd(STREAM, {FIELD: entry, DUPLICATES_FIELD: duplicates})
        pipeline.incrby(ACCEPTED, count)
        if remembered:
            pipeline.hset(_bucket(), mapping=dict(remembered))
            pipeline.expire(_bucket(), RECENT_BUCKET_SECONDS * RECENT_BUCKETS)
        try:
            self._entries = (await pipeline.execute())[0] + 1
        except RedisError as error:
            self._pause()
            logger.warning("events go straight to Postgres, Redis is down: %s", error)
            await self._store_directly(decode(entry), duplicates)

    @property
    def _is_paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _pause(self) -> None:
        self._paused_until = time.monotonic() + PAUSE_SECONDS

    async def _check_room(self) -> None:
        """Raise `JournalFull` while the stream is as long as it may be."""
        if self._entries < self._max_entries:
            return
        try:
            self._entries = await self._redis.xlen(STREAM)
        except RedisError:
            return
        if self._entries >= self._max_entries:
            raise JournalFull(f"{self._entries} batches of events wait to be stored")

    async def _store_directly(self, events: Sequence[Event], duplicates: int) -> None:
        async with self._direct:
            try:
                await asyncio.to_thread(self._store, events, duplicates)
            except psycopg.Error as error:
                raise JournalUnavailable(f"neither Redis nor Postgres takes events: {error}") from error

    def _store(self, events: Sequence[Event], duplicates: int) -> None:
        with connect(self._database_url) as connection:
            store(connection, events, origin=ORIGIN)
            record_batch(connection, StoreReport(received=duplicates, duplicate=duplicates), origin=ORIGIN)

    async def find_known(self, events: Sequence[Event]) -> Known:
        """Which of the events were accepted before, or stand earlier in the same batch."""
        fingerprints = tuple(_fingerprint(event) for event in events)
        keys = [key for key, _ in fingerprints]
        first: dict[UUID, UUID | None] = {}
        if events:
            first |= await self._recently_accepted(keys)
            first |= await asyncio.to_thread(self._stored, keys)
        known = Known(set(), set(), fingerprints)
        for index, (key, sent) in enumerate(fingerprints):
            if key not in first:
                first[key] = sent
                continue
            is_same = first[key] in (sent, None)
            (known.duplicates if is_same else known.reused).add(index)
        return known

    async def _recently_accepted(self, keys: Sequence[UUID]) -> dict[UUID, UUID | None]:
        if self._is_paused:
            return {}
        fields = [key.bytes for key in keys]
        pipeline = self._redis.pipeline(transaction=False)
        for age in range(RECENT_BUCKETS):
            pipeline.hmget(_bucket(age), fields)
        try:
            answers = await pipeline.execute()
        except RedisError as error:
            self._pause()
            logger.warning("recent event ids can't be looked up, Redis is down: %s", error)
            return {}
        return {
            key: UUID(bytes=value)
            for answer in answers
            for key, value in zip(keys, answer, strict=True)
            if value is not None
        }

    def _stored(self, keys: Sequence[UUID]) -> dict[UUID, UUID | None]:
        try:
            with connect(self._database_url) as connection:
                rows = connection.execute("select id, payload_hash from event_ids where id = any(%s)", [list(keys)])
                return {row["id"]: row["payload_hash"] for row in rows}
        except psycopg.Error as error:
            logger.warning("stored event ids can't be looked up, Postgres is down: %s", error)
            return {}

    def append_later(self, fields: Mapping[str, Any]) -> None:
        """Accept an event nobody waits for, of the service's own: the fields of an `Event`, known to be well-formed.

        Written within 100 ms; dropped and counted when the buffer is full.
        """
        if len(self._buffer) >= BUFFER_MAX_EVENTS:
            self.dropped += 1
            return
        # As bytes: what is kept as objects is looked through by the garbage collector until it is written.
        self._buffer.append(encode_fields(fields))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write_soon())

    async def _write_soon(self) -> None:
        # Again for those that came while the ones before were written: nobody else would write them.
        while self._buffer:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), BUFFER_SECONDS)
            await self._write_buffer()

    async def _write_buffer(self) -> None:
        events, self._buffer = self._buffer, []
        try:
            if events:
                await self._append_entry(join(events), len(events))
        except JournalUnavailable as error:
            self.dropped += len(events)
            logger.error("%d tracking events were dropped: %s", len(events), error)

    async def close(self) -> None:
        """Write out the buffer and let go of the connections."""
        self._closing.set()
        if self._writer is not None:
            await self._writer
        await self._write_buffer()
        await self._redis.aclose()
