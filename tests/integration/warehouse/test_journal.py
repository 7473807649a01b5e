"""The journal: accepted is stored, once, whatever dies in between."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
import redis
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.events import Event
from warehouse.journal import AsyncJournal, Flusher, JournalUnavailable, Rejected, StoreReport, quarantine, store
from warehouse.journal.stream import FIELD, STREAM

NOWHERE_REDIS = "redis://127.0.0.1:1/0"
NOWHERE_POSTGRES = "postgresql://postgres@127.0.0.1:1/nothing?connect_timeout=1"


def event(event_id: str | None = None, **fields: object) -> Event:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    defaults: dict[str, object] = {
        "event_id": event_id or str(uuid4()),
        "source": "client:test",
        "event_name": "category.browsed",
        "occurred_at": now,
        "received_at": now,
        "properties": {"category": "writing"},
    }
    return Event.model_validate(defaults | fields)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with connect(database_url, autocommit=True) as connection:
        connection.execute("truncate raw_events, quarantine")
        connection.execute("update journal_position set stream_id = null")
        yield connection


@pytest.fixture
def flusher(redis_url: str, database_url: str) -> Iterator[Flusher]:
    flusher = Flusher(redis_url, database_url, max_events=100, interval_seconds=60)
    yield flusher
    flusher.close()


def append(redis_url: str, database_url: str, *batches: list[Event]) -> None:
    async def run() -> None:
        journal = AsyncJournal(redis_url, database_url)
        try:
            for batch in batches:
                await journal.append(batch)
        finally:
            await journal.close()

    asyncio.run(run())


def stored_count(connection: psycopg.Connection[DictRow]) -> int:
    row = connection.execute("select count(*) as n from raw_events").fetchone()
    return row["n"] if row else 0


class TestAppend:
    def test_an_accepted_batch_is_one_entry_of_the_stream(self, redis_url, database_url, connection):
        append(redis_url, database_url, [event(), event()])
        assert redis.Redis.from_url(redis_url).xlen(STREAM) == 1

    def test_events_go_straight_to_postgres_while_redis_is_down(self, database_url, connection):
        append(NOWHERE_REDIS, database_url, [event(), event()])
        assert stored_count(connection) == 2

    def test_nothing_is_accepted_when_both_are_down(self):
        with pytest.raises(JournalUnavailable):
            append(NOWHERE_REDIS, NOWHERE_POSTGRES, [event()])

    def test_what_was_buffered_is_written_on_close(self, redis_url, database_url, connection, flusher):
        async def run() -> None:
            journal = AsyncJournal(redis_url, database_url)
            journal.append_later(event())
            await journal.close()

        asyncio.run(run())
        assert flusher.flush_all().stored == 1


class TestFindDuplicates:
    def find(self, redis_url: str, database_url: str, events: list[Event]) -> set[int]:
        async def run() -> set[int]:
            journal = AsyncJournal(redis_url, database_url)
            try:
                return await journal.find_duplicates(events)
            finally:
                await journal.close()

        return asyncio.run(run())

    def test_a_repetition_inside_the_batch_is_found(self, redis_url, database_url, connection):
        assert self.find(redis_url, database_url, [event("a"), event("b"), event("a")]) == {2}

    def test_an_event_still_in_the_stream_is_found(self, redis_url, database_url, connection):
        append(redis_url, database_url, [event("a")])
        assert self.find(redis_url, database_url, [event("a"), event("b")]) == {0}

    def test_an_event_stored_long_ago_is_found(self, redis_url, database_url, connection):
        store(connection, [event("a")], origin="test")
        assert self.find(redis_url, database_url, [event("b"), event("a")]) == {1}


class TestFlushAll:
    def test_every_accepted_event_is_stored_once(self, redis_url, database_url, connection, flusher):
        append(redis_url, database_url, [event("a"), event("b")], [event("b"), event("c")])
        assert flusher.flush_all() == StoreReport(received=4, stored=3, duplicate=1)
        assert stored_count(connection) == 3

    def test_the_stream_is_empty_afterwards(self, redis_url, database_url, connection, flusher):
        append(redis_url, database_url, [event()], [event()])
        flusher.flush_all()
        assert redis.Redis.from_url(redis_url).xlen(STREAM) == 0

    def test_entries_that_outlived_their_commit_are_passed_over(self, redis_url, database_url, connection, flusher):
        append(redis_url, database_url, [event("a")])
        entries = redis.Redis.from_url(redis_url).xrange(STREAM)
        connection.execute("update journal_position set stream_id = %s", [entries[-1][0].decode()])
        assert flusher.flush_all() == StoreReport()
        assert redis.Redis.from_url(redis_url).xlen(STREAM) == 0

    def test_a_redis_that_was_emptied_is_read_from_its_start(self, redis_url, database_url, connection, flusher):
        connection.execute("update journal_position set stream_id = '99999999999999-0'")
        append(redis_url, database_url, [event()])
        assert flusher.flush_all().stored == 1

    def test_an_entry_nobody_can_read_is_quarantined_and_does_not_block(
        self, redis_url, database_url, connection, flusher
    ):
        redis.Redis.from_url(redis_url).xadd(STREAM, {FIELD: b"not json"})
        append(redis_url, database_url, [event()])
        assert flusher.flush_all() == StoreReport(received=2, stored=1, quarantined=1)

    def test_two_flushers_at_once_store_each_event_once(self, redis_url, database_url, connection):
        append(redis_url, database_url, *[[event() for _ in range(10)] for _ in range(50)])
        reports: list[StoreReport] = []

        def flush() -> None:
            flusher = Flusher(redis_url, database_url, max_events=1, interval_seconds=1)
            reports.append(flusher.flush_all())
            flusher.close()

        threads = [threading.Thread(target=flush) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum((report.stored for report in reports), 0) == 500
        assert sum((report.duplicate for report in reports), 0) == 0


class TestStore:
    def test_the_same_id_with_another_payload_is_quarantined(self, connection):
        store(connection, [event("a")], origin="test")
        report = store(connection, [event("a", properties={"category": "other"})], origin="test")
        assert report == StoreReport(received=1, quarantined=1)

    def test_the_same_id_from_another_source_is_another_event(self, connection):
        assert store(connection, [event("a"), event("a", source="client:other")], origin="test").stored == 2

    def test_an_event_about_an_unknown_prompt_is_quarantined_with_the_reason(self, connection):
        report = store(connection, [event(prompt_id=uuid4()), event()], origin="test")
        assert report == StoreReport(received=2, stored=1, quarantined=1)
        row = connection.execute("select reason from quarantine").fetchone()
        assert row == {"reason": "prompt_unknown"}


class TestQuarantine:
    def test_the_same_bytes_are_kept_once(self, connection):
        row = Rejected("events", "test", b"\x00\xff", "broken", "NUL \x00 and \ud800 inside")
        assert quarantine(connection, [row, row]) == 1
        kept = connection.execute("select raw from quarantine").fetchall()
        assert [bytes(k["raw"]) for k in kept] == [b"\x00\xff"]
