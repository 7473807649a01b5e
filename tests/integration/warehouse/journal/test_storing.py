"""Storing what the journal holds: once, whatever dies in between."""

import asyncio
import hashlib
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import uuid4

import msgspec
import psycopg
import pytest
import redis
from psycopg.rows import DictRow

from tests.integration.warehouse.journal.sending import append, event, stored_count
from warehouse.databases import connect
from warehouse.events import Event
from warehouse.intake import ready
from warehouse.journal import (
    AsyncJournal,
    Flusher,
    Rejected,
    StoreReport,
    quarantine,
    store,
)
from warehouse.journal.quarantine import RAW_MAX_BYTES, forget_old
from warehouse.journal.stream import DUPLICATES_FIELD, FIELD, ROWS_FIELD, STREAM, encode_rows


class TestFlushAll:
    def test_every_accepted_event_is_stored_once(self, redis_url, database_url, connection, flusher):
        append(redis_url, database_url, [event("a"), event("b")], [event("b"), event("c")])
        assert flusher.flush_all() == StoreReport(received=4, stored=3, duplicate=1)
        assert stored_count(connection) == 3

    def test_the_stream_is_empty_afterwards(self, redis_url, database_url, connection, flusher):
        append(redis_url, database_url, [event()], [event()])
        flusher.flush_all()
        assert redis.Redis.from_url(redis_url).xlen(STREAM) == 0

    def test_what_comes_while_it_rests_is_stored_as_well(self, redis_url, database_url, connection, flusher):
        rests: list[float] = []

        def rest(seconds: float) -> None:
            rests.append(seconds)
            if len(rests) == 1:
                append(redis_url, database_url, [event("b")])

        append(redis_url, database_url, [event("a")])
        assert flusher.flush_all(rest=rest).stored == 2
        assert rests == [0.0, 0.0], "nothing came while it worked"

    def test_it_rests_when_events_came_while_it_worked(self, redis_url, database_url, connection, monkeypatch):
        flusher = Flusher(redis_url, database_url, max_events=100, interval_seconds=60)
        work = flusher._flush_once

        def work_while_others_send(database: psycopg.Connection[DictRow]) -> StoreReport | None:
            if not rests:
                append(redis_url, database_url, [event("b")])
            return work(database)

        rests: list[float] = []
        monkeypatch.setattr(flusher, "_flush_once", work_while_others_send)
        append(redis_url, database_url, [event("a")])
        flusher.flush_all(rest=rests.append)
        flusher.close()
        assert rests[0] > 0

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

    def test_rows_nobody_can_read_are_quarantined_and_do_not_block(self, redis_url, database_url, connection, flusher):
        redis.Redis.from_url(redis_url).xadd(STREAM, {ROWS_FIELD: b"\x91\x91\x01"})
        append(redis_url, database_url, [event()])
        assert flusher.flush_all() == StoreReport(received=2, stored=1, quarantined=1)

    @pytest.mark.parametrize("properties", [b"\xff", b"{", b'{"a":"\\u0000"}'])
    def test_properties_that_are_none_are_quarantined_alone(
        self, redis_url, database_url, connection, flusher, properties
    ):
        rows = [ready(event("a")), msgspec.structs.replace(ready(event("b")), properties=properties)]
        redis.Redis.from_url(redis_url).xadd(STREAM, {ROWS_FIELD: encode_rows(rows)})
        assert flusher.flush_all() == StoreReport(received=2, stored=1, quarantined=1)

    @pytest.mark.parametrize(
        "fields",
        [{"schema_version": 2**63}, {"clock_offset_ms": 2**63}, {"occurred_at": datetime(2026, 1, 1)}],
    )
    def test_an_event_that_fits_no_column_is_quarantined_alone(
        self, redis_url, database_url, connection, flusher, fields
    ):
        rows = [ready(event("a")), msgspec.structs.replace(ready(event("b")), **fields)]
        redis.Redis.from_url(redis_url).xadd(STREAM, {ROWS_FIELD: encode_rows(rows)})
        assert flusher.flush_all() == StoreReport(received=2, stored=1, quarantined=1)

    def test_envelopes_as_an_earlier_version_wrote_them_are_stored(self, redis_url, connection, flusher):
        entry = b"[" + b",".join(each.model_dump_json().encode() for each in [event("a"), event("b")]) + b"]"
        redis.Redis.from_url(redis_url).xadd(STREAM, {FIELD: entry, DUPLICATES_FIELD: 1})
        assert flusher.flush_all() == StoreReport(received=3, stored=2, duplicate=1)

    def test_an_event_the_database_refuses_is_quarantined_alone(self, redis_url, database_url, connection, flusher):
        connection.execute("alter table raw_events add constraint no_poison check (event_id <> 'poison')")
        append(redis_url, database_url, [event("a"), event("poison")], [event("b")])
        try:
            assert flusher.flush_all() == StoreReport(received=3, stored=2, quarantined=1)
        finally:
            connection.execute("alter table raw_events drop constraint no_poison")
        [kept] = connection.execute("select reason, raw from quarantine").fetchall()
        assert (kept["reason"], b'"poison"' in bytes(kept["raw"])) == ("not_storable", True)

    def test_a_flusher_goes_on_when_the_database_refused_it(self, redis_url, database_url, connection, flusher):
        stop = threading.Event()
        connection.execute("alter table journal_position rename to hidden")
        append(redis_url, database_url, [event()])
        thread = threading.Thread(target=flusher.run, args=(stop,))
        thread.start()
        try:
            connection.execute("select pg_sleep(0.5)")
        finally:
            connection.execute("alter table hidden rename to journal_position")
            stop.set()
            thread.join()
        assert stored_count(connection) == 1

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

    def test_of_events_about_unknown_prompts_alone_none_is_stored_and_each_is_quarantined(self, connection):
        report = store(connection, [event(prompt_id=uuid4()), event(prompt_id=uuid4())], origin="test")
        assert report == StoreReport(received=2, quarantined=2)
        assert connection.execute("select distinct reason from quarantine").fetchall() == [{"reason": "prompt_unknown"}]

    def test_an_id_stays_known_when_its_day_is_gone(self, connection):
        store(connection, [event("a", received_at=datetime(2020, 2, 3, tzinfo=UTC))], origin="test")
        connection.execute("drop table event_days.d20200203")
        assert store(connection, [event("a")], origin="test") == StoreReport(received=1, duplicate=1)
        assert stored_count(connection) == 0

    def test_a_day_without_a_partition_gets_one(self, connection):
        store(connection, [event(received_at=datetime(2020, 2, 4, 23, 59, 59, tzinfo=UTC))], origin="test")
        found = connection.execute("select tableoid::regclass::text as partition from raw_events").fetchall()
        assert found == [{"partition": "event_days.d20200204"}]

    def test_two_at_once_store_each_event_once_into_a_day_that_neither_found(self, database_url, connection):
        events = [event(f"event {i}", received_at=datetime(2020, 2, 5, tzinfo=UTC)) for i in range(300)]
        reports: list[StoreReport] = []

        def run(events: list[Event]) -> None:
            with connect(database_url) as own:
                reports.append(store(own, events, origin="test"))

        threads = [threading.Thread(target=run, args=(each,)) for each in (events, events[::-1], events[100:])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(reports, StoreReport()) == StoreReport(received=800, stored=300, duplicate=500)
        assert stored_count(connection) == 300

    def test_an_event_received_where_no_partition_is_does_not_vanish_into_another(self, connection):
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "insert into raw_events"
                " (source, event_id, event_name, schema_version, occurred_at, received_at, properties, batch_id)"
                " values ('s', '1', 'a.b', 1, now(), '1999-01-01', '{}', 1)"
            )

    def test_days_are_made_ahead(self, connection):
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        assert connection.execute("select make_event_day(%s) as made", [tomorrow]).fetchone() == {"made": False}


def ledger(connection: psycopg.Connection[DictRow]) -> list[tuple[object, ...]]:
    rows = connection.execute(
        "select origin, received_count, stored_count, duplicate_count, quarantined_count from event_batches order by id"
    )
    return [tuple(row.values()) for row in rows]


class TestLedger:
    def test_every_batch_has_a_line_that_adds_up(self, connection):
        known = event("a")
        store(connection, [known], origin="first")
        store(connection, [known, event("b"), event("c"), event("b"), event(prompt_id=uuid4())], origin="second")
        assert ledger(connection) == [("first", 1, 1, 0, 0), ("second", 5, 2, 2, 1)]

    def test_a_line_tells_on_which_days_its_events_lie(self, connection):
        west = timezone(timedelta(hours=-1))
        moments = [datetime(2026, 3, 3, 23, 30, tzinfo=west), datetime(2026, 3, 1, 23, 30, tzinfo=UTC)]
        store(connection, [event(received_at=at) for at in moments], origin="test")
        found = connection.execute("select first_received_on, last_received_on from event_batches").fetchall()
        assert found == [{"first_received_on": date(2026, 3, 1), "last_received_on": date(2026, 3, 4)}]

    def test_events_name_their_batch(self, connection):
        store(connection, [event("a"), event("b")], origin="test")
        found = connection.execute(
            "select stored_count, count(*) as found from raw_events inner join event_batches"
            " on raw_events.batch_id = event_batches.id group by event_batches.id"
        ).fetchall()
        assert found == [{"stored_count": 2, "found": 2}]

    def test_duplicates_left_out_on_acceptance_are_counted_with_the_entry(
        self, redis_url, database_url, connection, flusher
    ):
        async def run() -> None:
            journal = AsyncJournal(redis_url, database_url)
            await journal.append([ready(event())], duplicates=2)
            await journal.append([], duplicates=1)
            await journal.close()

        asyncio.run(run())
        assert flusher.flush_all() == StoreReport(received=4, stored=1, duplicate=3)
        assert ledger(connection) == [("journal", 3, 0, 3, 0), ("journal", 1, 1, 0, 0)]

    def test_unreadable_entries_are_counted(self, redis_url, connection, flusher):
        redis.Redis.from_url(redis_url).xadd(STREAM, {FIELD: b"not json"})
        flusher.flush_all()
        assert ledger(connection) == [("journal", 1, 0, 0, 1)]

    def test_a_batch_that_loses_an_event_is_not_stored_at_all(self, connection):
        connection.execute("create function lose() returns trigger language plpgsql as 'begin return null; end'")
        connection.execute("select make_event_day('2020-02-06')")
        connection.execute(
            "create trigger lose before insert on event_days.d20200206 for each row"
            " when (new.event_id = 'lost') execute function lose()"
        )
        events = [event(name, received_at=datetime(2020, 2, 6, tzinfo=UTC)) for name in ("kept", "lost")]
        with pytest.raises(psycopg.errors.CheckViolation):
            store(connection, events, origin="test")
        assert ledger(connection) == []
        assert connection.execute("select count(*) as n from event_ids").fetchone() == {"n": 0}


class TestQuarantine:
    def test_the_same_bytes_are_kept_once(self, connection):
        row = Rejected("events", "test", b"\x00\xff", "broken", "NUL \x00 and \ud800 inside")
        assert quarantine(connection, [row, row]) == 1
        kept = connection.execute("select raw from quarantine").fetchall()
        assert [bytes(k["raw"]) for k in kept] == [b"\x00\xff"]

    def test_of_something_large_the_beginning_is_kept_with_size_and_hash(self, connection):
        large = b"x" * 10_000_000
        assert quarantine(connection, [Rejected("events", "test", large, "event_too_large", "")]) == 1
        assert quarantine(connection, [Rejected("events", "test", large, "event_too_large", "")]) == 0
        [kept] = connection.execute("select raw, byte_count, fingerprint from quarantine").fetchall()
        assert (bytes(kept["raw"]), kept["byte_count"]) == (large[:RAW_MAX_BYTES], 10_000_000)
        assert bytes(kept["fingerprint"]) == hashlib.sha256(large).digest()

    def test_what_is_older_than_the_retention_is_forgotten(self, connection):
        rows = [Rejected("events", "test", raw, "envelope_invalid", "") for raw in (b"old", b"new")]
        quarantine(connection, rows)
        connection.execute("update quarantine set first_seen_at = now() - interval '8 days' where raw = 'old'")
        assert forget_old(connection, retention_days=7) == 1
        assert connection.execute("select raw from quarantine").fetchall() == [{"raw": b"new"}]


class TestMarks:
    def test_own_and_staffs_events_are_marked_and_stored(self, connection):
        seller, other = uuid4(), uuid4()
        admin, prompt = uuid4(), uuid4()
        for organization in (seller, other):
            connection.execute("insert into organizations (id, name) values (%s, 'Acme')", [organization])
        connection.execute(
            "insert into users (id, organization_id, role, external_id) values (%s, %s, 'admin', %s)",
            [admin, other, str(admin)],
        )
        connection.execute(
            "insert into prompts (id, seller_organization_id, title, price_cents, currency)"
            " values (%s, %s, 'P', 100, 'USD')",
            [prompt, seller],
        )
        events = [
            event("own", prompt_id=prompt, organization_id=seller),
            event("staff", prompt_id=prompt, organization_id=other, user_id=admin),
            event("bot", prompt_id=prompt, agent="bot", sample_rate=0.5, clock_offset_ms=-7),
        ]
        assert store(connection, events, origin="test").stored == 3
        rows = connection.execute(
            "select event_id, is_own, is_staff, agent, sample_rate, clock_offset_ms from raw_events order by event_id"
        )
        assert [tuple(row.values()) for row in rows] == [
            ("bot", False, False, "bot", 0.5, -7),
            ("own", True, False, None, None, None),
            ("staff", False, True, None, None, None),
        ]
