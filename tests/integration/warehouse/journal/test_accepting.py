"""Accepting events: durable on return, each id once."""

import asyncio
import socket
from datetime import datetime, timedelta, timezone
from itertools import count
from uuid import uuid4

import pytest
import redis

from tests.integration.warehouse.journal.sending import NOWHERE_POSTGRES, NOWHERE_REDIS, append, event, stored_count
from warehouse.events import Event
from warehouse.intake import ready
from warehouse.journal import AsyncJournal, Flusher, JournalFull, JournalUnavailable, Known, StoreReport, store
from warehouse.journal.accepting import MEMORY_LOOK_SECONDS
from warehouse.journal.recent import bucket_keys
from warehouse.journal.stream import ROWS_FIELD, STREAM, encode_rows


class TestAppend:
    def test_an_accepted_batch_is_one_entry_of_the_stream(self, redis_url, database_url, connection):
        append(redis_url, database_url, [event(), event()])
        assert redis.Redis.from_url(redis_url).xlen(STREAM) == 1

    def test_events_go_straight_to_postgres_while_redis_is_down(self, database_url, connection):
        append(NOWHERE_REDIS, database_url, [event(), event()])
        assert stored_count(connection) == 2

    def test_an_event_the_database_refuses_costs_itself_alone_while_redis_is_down(self, database_url, connection):
        connection.execute("alter table raw_events add constraint no_poison check (event_id <> 'poison')")
        try:
            append(NOWHERE_REDIS, database_url, [event("a"), event("poison"), event("b")])
        finally:
            connection.execute("alter table raw_events drop constraint no_poison")
        assert stored_count(connection) == 2
        assert connection.execute("select origin, reason from quarantine").fetchall() == [
            {"origin": "api", "reason": "not_storable"}
        ]
        ledger = (
            "select sum(received_count)::int as received, sum(quarantined_count)::int as refused from event_batches"
        )
        assert connection.execute(ledger).fetchone() == {"received": 3, "refused": 1}

    def test_redis_that_hangs_is_asked_once_and_then_left_alone(self, database_url, connection):
        with socket.create_server(("127.0.0.1", 0)) as hanging:
            hanging.setblocking(False)
            append(f"redis://127.0.0.1:{hanging.getsockname()[1]}", database_url, [event()], [event()], [event()])
            first, _ = hanging.accept()
            first.close()
            with pytest.raises(BlockingIOError):
                hanging.accept()
        assert stored_count(connection) == 3

    def test_nothing_is_accepted_when_both_are_down(self):
        with pytest.raises(JournalUnavailable):
            append(NOWHERE_REDIS, NOWHERE_POSTGRES, [event()])

    def test_nothing_is_accepted_while_the_stream_is_full_until_some_is_stored(
        self, redis_url, database_url, connection, flusher
    ):
        async def run() -> None:
            journal = AsyncJournal(redis_url, database_url, max_entries=2)
            for _ in range(2):
                await journal.append([ready(event())])
            with pytest.raises(JournalFull):
                await journal.append([ready(event())])
            assert flusher.flush_all().stored == 2
            await journal.append([ready(event())])
            await journal.close()

        asyncio.run(run())
        assert flusher.flush_all().stored == 1

    def test_nothing_is_accepted_while_redis_is_nearly_out_of_memory(
        self, redis_url, database_url, connection, flusher
    ):
        server = redis.Redis.from_url(redis_url)
        used, before = server.info("memory")["used_memory"], server.config_get("maxmemory")["maxmemory"]
        server.config_set("maxmemory", int(used * 1.2))
        try:
            with pytest.raises(JournalFull):
                append(redis_url, database_url, [event()])
        finally:
            server.config_set("maxmemory", before)
        append(redis_url, database_url, [event()])
        assert flusher.flush_all().stored == 1

    def test_nothing_is_accepted_while_the_stream_is_large_on_a_redis_without_a_limit(
        self, redis_url, database_url, connection, flusher
    ):
        async def run() -> None:
            # Memory is looked at anew on every append.
            clock = count(step=MEMORY_LOOK_SECONDS).__next__
            # Redis takes nodes of a kilobyte or more, however little is in them.
            journal = AsyncJournal(redis_url, database_url, stream_max_bytes=50_000, clock=clock)
            large = [ready(event(properties={"category": "x" * 60_000}))]
            await journal.append(large)
            with pytest.raises(JournalFull, match="bytes of events wait"):
                await journal.append(large)
            assert flusher.flush_all().stored == 1
            await journal.append([ready(event())])
            await journal.close()

        server = redis.Redis.from_url(redis_url)
        before = server.config_get("maxmemory")["maxmemory"]
        server.config_set("maxmemory", 0)
        try:
            asyncio.run(run())
        finally:
            server.config_set("maxmemory", before)
        assert flusher.flush_all().stored == 1

    def test_what_was_buffered_is_written_on_close(self, redis_url, database_url, connection, flusher):
        async def run() -> None:
            journal = AsyncJournal(redis_url, database_url)
            journal.append_later(event().model_dump())
            await journal.close()

        asyncio.run(run())
        assert flusher.flush_all().stored == 1


def find_stored(redis_url: str, database_url: str, events: list[Event]) -> Known:
    async def run() -> Known:
        journal = AsyncJournal(redis_url, database_url)
        try:
            return await journal.find_stored([ready(each) for each in events])
        finally:
            await journal.close()

    return asyncio.run(run())


def append_new(redis_url: str, database_url: str, *batches: list[Event], duplicates: int = 0) -> list[Known]:
    async def run() -> list[Known]:
        journal = AsyncJournal(redis_url, database_url)
        try:
            ready_batches = [[ready(each) for each in batch] for batch in batches]
            return [await journal.append_new(batch, duplicates=duplicates) for batch in ready_batches]
        finally:
            await journal.close()

    return asyncio.run(run())


class TestAppendTogether:
    def test_events_that_come_at_once_are_stored_each(self, redis_url, database_url, connection, flusher):
        async def run() -> None:
            journal = AsyncJournal(redis_url, database_url)
            await asyncio.gather(*(journal.append_together([ready(event())]) for _ in range(20)))
            assert redis.Redis.from_url(redis_url).xlen(STREAM) == 1
            await journal.append_together([ready(event())])
            await journal.close()

        asyncio.run(run())
        assert flusher.flush_all() == StoreReport(received=21, stored=21)

    def test_all_who_wait_are_told_that_nothing_was_accepted_and_it_is_counted(self):
        async def run() -> tuple[list[BaseException | None], int]:
            journal = AsyncJournal(NOWHERE_REDIS, NOWHERE_POSTGRES)
            waiting = (journal.append_together([ready(event())]) for _ in range(2))
            return await asyncio.gather(*waiting, return_exceptions=True), journal.dropped

        told, dropped = asyncio.run(run())
        assert [type(each) for each in told] == [JournalUnavailable] * 2
        assert dropped == 2

    def test_one_who_leaves_does_not_keep_the_others_and_is_counted(self, redis_url, database_url, connection, flusher):
        async def run() -> int:
            journal = AsyncJournal(redis_url, database_url)
            leaving, staying = (asyncio.create_task(journal.append_together([ready(event())])) for _ in range(2))
            await asyncio.sleep(0)
            leaving.cancel()
            await staying
            await journal.close()
            return journal.dropped

        dropped = asyncio.run(run())
        assert flusher.flush_all().stored + dropped == 2


class TestFindStored:
    def test_a_repetition_inside_the_batch_is_found(self, redis_url, database_url, connection):
        assert find_stored(redis_url, database_url, [event("a"), event("b"), event("a")]) == Known(duplicates={2})

    def test_an_event_stored_long_ago_is_found(self, redis_url, database_url, connection):
        store(connection, [event("a")], origin="test")
        assert find_stored(redis_url, database_url, [event("b"), event("a")]) == Known(duplicates={1})

    def test_an_id_stored_before_hashes_were_kept_is_a_duplicate(self, redis_url, database_url, connection):
        store(connection, [event("a")], origin="test")
        connection.execute("update event_ids set payload_hash = null")
        assert find_stored(redis_url, database_url, [event("a")]) == Known(duplicates={0})

    @pytest.mark.parametrize(("stored", "duplicates"), [(True, {0}), (False, set())])
    def test_a_known_id_with_another_payload_is_told_apart(
        self, redis_url, database_url, connection, stored, duplicates
    ):
        other = event("a", properties={"category": "other"})
        store(connection, [other] * stored, origin="test")
        found = find_stored(redis_url, database_url, [other, event("a")])
        assert found == Known(duplicates=duplicates, reused={1})

    def test_a_moment_in_another_zone_is_the_same_payload(self, redis_url, database_url, connection):
        elsewhere = datetime(2026, 1, 5, 14, tzinfo=timezone(timedelta(hours=2)))
        store(connection, [event("a")], origin="test")
        assert find_stored(redis_url, database_url, [event("a", occurred_at=elsewhere)]) == Known(duplicates={0})

    def test_nothing_is_known_while_postgres_is_down(self, redis_url):
        assert not find_stored(redis_url, NOWHERE_POSTGRES, [event("a")])

    def test_a_connection_that_was_cut_is_made_again(self, redis_url, database_url, connection):
        async def run() -> list[Known]:
            journal = AsyncJournal(redis_url, database_url)
            first = await journal.find_stored([ready(event("a"))])
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where pid <> pg_backend_pid() and datname = current_database() and query like '%%event_ids%%'"
            )
            second = await journal.find_stored([ready(event("a"))])
            await journal.close()
            return [first, second]

        store(connection, [event("a")], origin="test")
        assert asyncio.run(run()) == [Known(duplicates={0})] * 2


class TestAppendNew:
    def test_new_events_are_one_entry_of_the_stream(self, redis_url, database_url, connection, flusher):
        assert append_new(redis_url, database_url, [event("a"), event("b")]) == [Known()]
        assert flusher.flush_all() == StoreReport(received=2, stored=2)

    def test_what_still_waits_is_told_and_then_none_is_accepted(self, redis_url, database_url, connection, flusher):
        other = event("b", properties={"category": "other"})
        known = append_new(redis_url, database_url, [event("a"), event("b")], [event("c"), event("a"), other])
        assert known == [Known(), Known(duplicates={1}, reused={2})]
        assert flusher.flush_all().received == 2

    def test_an_id_remembered_twice_is_told_once(self, redis_url, database_url, connection):
        this, other = event("a"), event("a", properties={"category": "other"})
        with redis.Redis.from_url(redis_url) as cache:
            for bucket, remembered in zip(bucket_keys(), (this, other), strict=True):
                entry = cache.xadd(STREAM, {ROWS_FIELD: encode_rows([ready(remembered)])})
                cache.hset(bucket, ready(remembered).id, entry)
        assert append_new(redis_url, database_url, [event("a")]) == [Known(duplicates={0})]

    def test_what_was_stored_a_moment_ago_is_compared_with_what_is_stored(
        self, redis_url, database_url, connection, flusher
    ):
        append_new(redis_url, database_url, [event("a"), event("b")])
        flusher.flush_all()
        again = [event("a"), event("b", properties={"category": "other"})]
        assert append_new(redis_url, database_url, again) == [Known(duplicates={0}, reused={1})]

    def test_what_can_be_compared_with_nothing_is_not_taken(self, redis_url, database_url, connection, flusher):
        append_new(redis_url, database_url, [event("a", prompt_id=str(uuid4()))])
        assert flusher.flush_all().quarantined == 1
        with pytest.raises(JournalUnavailable):
            append_new(redis_url, database_url, [event("a")])

    def test_of_more_than_a_thousand_each_is_found(self, redis_url, database_url, connection, flusher):
        batch = [event(f"event {i}") for i in range(2_500)]
        assert append_new(redis_url, database_url, batch, batch) == [Known(), Known(duplicates=set(range(2_500)))]
        assert flusher.flush_all().stored == 2_500

    def test_of_two_requests_at_once_one_gets_the_event_in(self, redis_url, database_url, connection, flusher):
        async def run() -> list[Known]:
            journals = [AsyncJournal(redis_url, database_url) for _ in range(8)]
            known = await asyncio.gather(*(journal.append_new([ready(event("a"))]) for journal in journals))
            await asyncio.gather(*(journal.close() for journal in journals))
            return known

        known = asyncio.run(run())
        assert (known.count(Known()), known.count(Known(duplicates={0}))) == (1, 7)
        assert flusher.flush_all() == StoreReport(received=1, stored=1)

    def test_the_services_own_events_are_not_remembered(self, redis_url, database_url, connection):
        append_new(redis_url, database_url, [event("a", source="api")])
        assert redis.Redis.from_url(redis_url).keys("events:waiting:*") == []

    def test_duplicates_that_came_with_nothing_new_are_counted(self, redis_url, database_url, connection, flusher):
        append_new(redis_url, database_url, [], duplicates=3)
        assert flusher.flush_all() == StoreReport(received=3, duplicate=3)

    def test_ids_are_forgotten_in_redis_when_they_have_long_been_stored(self, redis_url, database_url, connection):
        append_new(redis_url, database_url, [event("a"), event("b")])
        flusher = Flusher(redis_url, database_url, max_events=1, interval_seconds=1, forget_seconds=0)
        flusher.flush_all()
        flusher.close()
        assert redis.Redis.from_url(redis_url).keys("events:waiting:*") == []
        assert find_stored(redis_url, database_url, [event("a")]) == Known(duplicates={0})

    def test_ids_are_remembered_a_while_longer_than_they_wait(self, redis_url, database_url, connection, flusher):
        append_new(redis_url, database_url, [event("a")])
        flusher.flush_all()
        assert append_new(redis_url, database_url, [event("a")]) == [Known(duplicates={0})]
