"""Accepts events from a running service: durable when `append` returns."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import redis.asyncio as redis
from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from warehouse.databases import connect
from warehouse.events import SERVER_SOURCES
from warehouse.intake import Arrival, ReadyEvent, make_arrival_ready
from warehouse.journal.dividing import store_each
from warehouse.journal.ledger import StoreReport, record_batch
from warehouse.journal.recent import APPEND_OWN_SCRIPT, APPEND_SCRIPT, bucket_keys, read_payload_hashes, script_keys
from warehouse.journal.stored_ids import StoredIds
from warehouse.journal.stream import ACCEPTED, DROPPED, FIELD, STREAM, decode, encode, encode_fields, join
from warehouse.round_trip import round_trip

logger = logging.getLogger(__name__)

# In the ledger, of what went straight to Postgres.
ORIGIN = "api"
BUFFER_SECONDS = 0.1
BUFFER_MAX_EVENTS = 10_000
# A hundred requests a second fill it in a quarter of an hour in which nothing is stored.
DEFAULT_JOURNAL_MAX_ENTRIES = 100_000
# Of the memory Redis may use. Beyond it Redis refuses every write, those of sessions and limits as well.
MEMORY_MAX_SHARE = 0.75
# Of the stream alone, where Redis has no limit of its own: as much as that share of the embedded one's 512 MiB.
DEFAULT_STREAM_MAX_BYTES = 402_653_184
# How often that is looked at, while something is appended.
MEMORY_LOOK_SECONDS = 0.25
# Redis down and Postgres slow must not pile up threads.
DIRECT_STORES_AT_ONCE = 4
# A Postgres that hangs must not keep those waiting who could write to Redis again.
DIRECT_CONNECT_SECONDS = 5
DIRECT_STATEMENT_SECONDS = 10
# As many answers may wait at once for what they say happened.
TOGETHER_MAX_REQUESTS = 10_000
# A Redis that hangs holds up nobody for longer, and is then left alone for a while: else every reader would wait.
REDIS_TIMEOUT_SECONDS = 2.0
PAUSE_SECONDS = 5.0


class JournalUnavailable(Exception):
    """Neither Redis nor Postgres could take the events: nothing was accepted."""


class JournalFull(JournalUnavailable):
    """So much waits to be stored that more is refused, before the memory ends: nothing was accepted."""


@dataclass(frozen=True)
class Known:
    """Indexes of events that need not be appended: their ids were accepted before, or stand earlier in their batch."""

    duplicates: set[int] = field(default_factory=set)
    # With another payload than then.
    reused: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.duplicates or self.reused)

    def add(self, index: int, *, is_same: bool) -> None:
        """Note an event, and whether it says what was said under its id before."""
        (self.duplicates if is_same else self.reused).add(index)


class AsyncJournal:
    """The service's end of the journal. One per process; `close` writes out what is buffered."""

    def __init__(
        self,
        redis_url: str,
        database_url: str,
        *,
        max_entries: int = DEFAULT_JOURNAL_MAX_ENTRIES,
        stream_max_bytes: int = DEFAULT_STREAM_MAX_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
        )
        self._appending = redis.Redis.from_url(redis_url, socket_connect_timeout=REDIS_TIMEOUT_SECONDS)
        # Of its connections, those nobody uses: to fetch one from its pool and bring it back costs as much as to ask.
        self._idle: list[AbstractConnection] = []
        self._database_url = database_url
        self._stored_ids = StoredIds(database_url)
        self._max_entries = max_entries
        self._stream_max_bytes = stream_max_bytes
        # In seconds, since whenever.
        self._clock = clock
        # The length of the stream as this process last saw it: each append tells it without a question of its own.
        self._entries = 0
        self._memory_share = 0.0
        self._stream_bytes = 0
        self._look_at_memory_at = 0.0
        self._paused_until = 0.0
        self._direct = asyncio.Semaphore(DIRECT_STORES_AT_ONCE)
        self._buffer: list[bytes] = []
        self._writer: asyncio.Task[None] | None = None
        self._together: list[tuple[Sequence[ReadyEvent], asyncio.Future[None]]] = []
        self._together_writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.dropped = 0
        # So many of them stand in Redis, where operators see those of all processes.
        self._told_dropped = 0

    async def append(self, events: Sequence[ReadyEvent], *, duplicates: int = 0) -> None:
        """Accept events as one entry. Raises `JournalUnavailable` or `JournalFull`, and then none was accepted.

        `duplicates` more came with them and were left out; the ledger counts them when the entry is stored.
        """
        if events or duplicates:
            await self._append_rows(events, duplicates, may_be_known=True)

    async def append_together(self, events: Sequence[ReadyEvent]) -> None:
        """Accept events as `append` does, in one entry with those of others that come while one is written.

        For the service's own, which come a few at a time from many requests at once. What is not accepted is counted
        as dropped.
        """
        if len(self._together) >= TOGETHER_MAX_REQUESTS:
            self.dropped += len(events)
            raise JournalFull(f"{len(self._together)} requests wait for their events to be accepted")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._together.append((events, done))
        if self._together_writer is None or self._together_writer.done():
            self._together_writer = loop.create_task(self._write_together())
        await done

    async def _write_together(self) -> None:
        while self._together:
            waiting, self._together = self._together, []
            # Who gave up waiting was answered without them.
            self.dropped += sum(len(events) for events, done in waiting if done.done())
            waiting = [(events, done) for events, done in waiting if not done.done()]
            failure: Exception | None = None
            try:
                await self.append([event for events, _ in waiting for event in events])
            except Exception as error:  # whatever it is, those who wait must know
                failure = error
                self.dropped += sum(len(events) for events, _ in waiting)
            for done in (done for _, done in waiting if not done.done()):
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)

    async def append_new(self, events: Sequence[Arrival], *, duplicates: int = 0) -> Known:
        """Accept events as one entry unless some were accepted a moment ago: then those are told, and none is accepted.

        Events that `find_stored` knows are left out before. Raises as `append` does.
        """
        if not events and not duplicates:
            return Known()
        return await self._append_rows(events, duplicates, may_be_known=False)

    async def _append_rows(self, events: Sequence[Arrival], duplicates: int, *, may_be_known: bool) -> Known:
        await self._check_room()
        if self._is_paused:
            await self._store_directly(events, duplicates)
            return Known()
        # Events of the service itself have fresh random ids; only others are remembered.
        remembered = [index for index, event in enumerate(events) if event.source not in SERVER_SOURCES]
        entry = encode(events)
        ids = b"".join([events[index].id for index in remembered])
        try:
            if may_be_known and not remembered and not duplicates:
                answer = await self._evaluate(APPEND_OWN_SCRIPT, *entry, len(events))
            else:
                answer = await self._evaluate(
                    APPEND_SCRIPT, *entry, len(events), duplicates, ids, "0" if may_be_known else "1"
                )
        except RedisError as error:
            self._give_up_on_redis(error)
            await self._store_directly(events, duplicates)
            return Known()
        if answer[0] != -1:
            self._entries = answer[0]
            return Known()
        # Remembered in two buckets, an id is told twice; the newer says where its event is.
        told = dict(zip(reversed(answer[1::2]), reversed(answer[2::2]), strict=True))
        return await self._compare({remembered[place]: stream_id for place, stream_id in told.items()}, events)

    async def _compare(self, told: Mapping[int, bytes], events: Sequence[Arrival]) -> Known:
        """What is known of events by their indexes, given the entries of the stream that hold their ids.

        Raises `JournalUnavailable` when it can't be found out whether they say the same.
        """
        said = await self._payload_hashes({events[index].id: stream_id for index, stream_id in told.items()})
        known = Known()
        for index in told:
            event = events[index]
            if event.id not in said:
                raise JournalUnavailable(f"what was accepted before can't be looked up: event_id {event.event_id}")
            known.add(index, is_same=said[event.id] in (event.payload_hash, None))
        return known

    async def _payload_hashes(self, stream_ids: Mapping[bytes, bytes]) -> dict[bytes, bytes | None]:
        """What was said under ids: in the entries of the stream that are given, or stored since."""
        said: dict[bytes, bytes | None] = {}
        try:
            said |= await read_payload_hashes(self._redis, set(stream_ids.values()))
        except RedisError as error:
            self._give_up_on_redis(error)
        return said | await self._stored([id_ for id_ in stream_ids if id_ not in said])

    async def _evaluate(self, script: str, *arguments: bytes | int | str) -> list[Any]:
        """The answer of a script that appends. Raises `RedisError`."""
        keys = script_keys()
        command: tuple[Any, ...] = ("EVAL", script, len(keys), *keys, *arguments)
        pool: Any = self._appending.connection_pool
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                connection = self._idle.pop() if self._idle else await pool.get_connection()
                try:
                    answers = await round_trip(connection, [pack_command(command)])
                finally:
                    self._idle.append(connection)
        except (OSError, TimeoutError) as error:
            raise RedisConnectionError(f"Redis did not answer: {error}") from error
        answer: list[Any] = answers[0]
        return answer

    async def _append_encoded(self, events: Sequence[bytes]) -> None:
        entry = join(events)
        await self._check_room()
        if self._is_paused:
            await self._store_directly(decode(entry), 0)
            return
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xadd(STREAM, {FIELD: entry})
        pipeline.incrby(ACCEPTED, len(events))
        untold = self.dropped - self._told_dropped
        if untold:
            pipeline.incrby(DROPPED, untold)
            self._told_dropped += untold
        pipeline.xlen(STREAM)
        try:
            self._entries = (await pipeline.execute())[-1]
        except RedisError as error:
            self._told_dropped -= untold
            self._give_up_on_redis(error)
            await self._store_directly(decode(entry), 0)

    @property
    def _is_paused(self) -> bool:
        return self._clock() < self._paused_until

    def _give_up_on_redis(self, error: RedisError) -> None:
        self._paused_until = self._clock() + PAUSE_SECONDS
        logger.warning("events go straight to Postgres, Redis is down: %s", error)

    async def _check_room(self) -> None:
        """Raise `JournalFull` while the stream is as long or large as it may be, or Redis nearly out of memory."""
        if self._is_paused:
            return
        try:
            await self._look_at_room()
        except RedisError as error:
            self._give_up_on_redis(error)
            return
        if self._entries >= self._max_entries:
            raise JournalFull(f"{self._entries} batches of events wait to be stored")
        if self._memory_share >= MEMORY_MAX_SHARE:
            raise JournalFull(f"Redis has {self._memory_share:.0%} of its memory in use")
        if self._stream_bytes >= self._stream_max_bytes:
            raise JournalFull(f"{self._stream_bytes} bytes of events wait to be stored")

    async def _look_at_room(self) -> None:
        if self._entries >= self._max_entries:
            self._entries = await self._redis.xlen(STREAM)
        now = self._clock()
        if now >= self._look_at_memory_at:
            self._look_at_memory_at = now + MEMORY_LOOK_SECONDS
            memory: Any = await self._redis.info("memory")
            if memory["maxmemory"]:
                self._memory_share, self._stream_bytes = memory["used_memory"] / memory["maxmemory"], 0
            else:
                # An estimate from a few nodes of the stream, so that it costs as little however long that is.
                self._memory_share, self._stream_bytes = 0.0, await self._redis.memory_usage(STREAM) or 0

    async def _store_directly(self, events: Sequence[Arrival], duplicates: int) -> None:
        async with self._direct:
            try:
                await asyncio.to_thread(self._store, events, duplicates)
            except psycopg.Error as error:
                raise JournalUnavailable(f"neither Redis nor Postgres takes events: {error}") from error

    def _store(self, events: Sequence[Arrival], duplicates: int) -> None:
        with connect(self._database_url, timeout_seconds=DIRECT_CONNECT_SECONDS) as connection:
            connection.execute(f"set local statement_timeout = '{DIRECT_STATEMENT_SECONDS}s'")
            store_each(connection, list(map(make_arrival_ready, events)), origin=ORIGIN)
            record_batch(connection, StoreReport(received=duplicates, duplicate=duplicates), origin=ORIGIN)

    async def find_stored(self, events: Sequence[Arrival]) -> Known:
        """Which of the events are stored, or stand earlier in the same batch.

        Those that were accepted and wait to be stored are found by `append_new`, but for ids that come several times:
        each of these is to be compared with what was accepted, not with the first of them.
        """
        known = Known()
        ids = [event.id for event in events]
        first: dict[bytes, bytes | None] = await self._stored(ids)
        if not first and len(set(ids)) == len(ids):
            # The usual batch.
            return known
        if len(set(ids)) < len(ids):
            first |= await self._waiting([id_ for id_, count in Counter(ids).items() if count > 1 and id_ not in first])
        for index, event in enumerate(events):
            if event.id not in first:
                first[event.id] = event.payload_hash
                continue
            known.add(index, is_same=first[event.id] in (event.payload_hash, None))
        return known

    async def _waiting(self, ids: Sequence[bytes]) -> dict[bytes, bytes | None]:
        """Those of the ids that were accepted a while ago, with the hashes of their payloads."""
        if not ids or self._is_paused:
            return {}
        pipeline = self._redis.pipeline(transaction=False)
        for bucket in bucket_keys():
            pipeline.hmget(bucket, list(ids))
        try:
            answers = await pipeline.execute()
        except RedisError as error:
            self._give_up_on_redis(error)
            return {}
        told = {id_: stream_id for answer in answers for id_, stream_id in zip(ids, answer, strict=True) if stream_id}
        said = await self._payload_hashes(told)
        return {id_: said[id_] for id_ in told if id_ in said}

    async def _stored(self, ids: Sequence[bytes]) -> dict[bytes, bytes | None]:
        if not ids:
            return {}
        try:
            return await self._stored_ids.find(ids)
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
                await self._append_encoded(events)
        except JournalUnavailable as error:
            self.dropped += len(events)
            logger.error("%d tracking events were dropped: %s", len(events), error)

    async def count_entries(self) -> int:
        """How many entries wait to be stored. Raises `RedisError`."""
        return int(await self._redis.xlen(STREAM))

    async def close(self) -> None:
        """Write out the buffer and let go of the connections."""
        self._closing.set()
        if self._writer is not None:
            await self._writer
        await self._write_buffer()
        if self._together_writer is not None:
            await self._together_writer
        await self._redis.aclose()
        await self._appending.aclose()
        await self._stored_ids.close()
