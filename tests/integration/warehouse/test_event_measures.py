"""Each measure sees what was planted for it, and nothing else does."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from warehouse.databases import connect
from warehouse.event_measures import LAST_LOADED, RECENT, EventMeasures, measure_events, read_dropped_share
from warehouse.events import server_event
from warehouse.journal import AsyncJournal
from warehouse.journal.accepting import BUFFER_MAX_EVENTS
from warehouse.journal.stream import ACCEPTED, DROPPED
from warehouse.settings import Settings

NOW = datetime.now(UTC)
SOMEBODY = uuid4()


@pytest.fixture
def events(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    """Twenty clicks that arrive at once, with user, visit and prompt."""
    with connect(database_url, autocommit=True) as connection:
        connection.execute("truncate raw_events, event_ids, event_batches")
        connection.execute("select make_event_day(%s)", [NOW.date()])
        connection.execute("select make_event_day(%s)", [(NOW - timedelta(hours=1)).date()])
        for _ in range(20):
            add(connection)
        add_batch(connection, stored=20)
        yield connection


def add(connection: psycopg.Connection[DictRow], **columns: Any) -> None:
    row = {
        "source": "client:acme", "event_id": str(uuid4()), "event_name": "prompt.clicked", "schema_version": 1,
        "occurred_at": NOW - timedelta(seconds=2), "received_at": NOW, "user_id": SOMEBODY, "session_id": "visit",
        "prompt_id": SOMEBODY, "properties": Jsonb({}), "batch_id": 1, **columns,
    }  # fmt: skip
    names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    connection.execute(f"insert into raw_events ({names}) values ({marks})".encode(), list(row.values()))


def add_batch(connection: psycopg.Connection[DictRow], *, stored: int = 0, quarantined: int = 0) -> None:
    connection.execute(
        "insert into event_batches (origin, received_count, stored_count, duplicate_count, quarantined_count)"
        " values ('test', %s, %s, 0, %s)",
        [stored + quarantined, stored, quarantined],
    )


def measure(connection: psycopg.Connection[DictRow], settings: Settings, **given: Any) -> EventMeasures:
    return measure_events(connection, settings, place=RECENT, **({"dropped_share": 0.0} | given))


def exceeded(measured: EventMeasures) -> dict[str, float | None]:
    return {measure.name: measure.value for measure in measured.exceeded}


class TestMeasureEvents:
    def test_usual_events_exceed_nothing(self, events, settings):
        measured = measure(events, settings)
        assert exceeded(measured) == {}
        values = {each.name: each.value for each in measured.measures}
        assert values == {
            "lateness_p50_seconds": 2.0, "lateness_p95_seconds": 2.0, "null_user_share": 0.0,
            "null_session_share": 0.0, "null_prompt_share": 0.0, "quarantined_share": 0.0, "dropped_share": 0.0,
        }  # fmt: skip

    def test_few_late_events_move_the_95th_percentile(self, events, settings):
        for _ in range(3):
            add(events, occurred_at=NOW - timedelta(hours=2))
        assert exceeded(measure(events, settings)) == {"lateness_p95_seconds": 7200.0}

    def test_most_events_late_move_the_median(self, events, settings):
        for _ in range(21):
            add(events, occurred_at=NOW - timedelta(minutes=10))
        assert exceeded(measure(events, settings)) == {"lateness_p50_seconds": 600.0}

    def test_an_import_is_late_by_nature(self, events, settings):
        for _ in range(30):
            add(events, source="import:shop", occurred_at=NOW - timedelta(days=400))
        assert measure(events, settings).event_count == 20

    def test_clicks_without_a_user(self, events, settings):
        for _ in range(5):
            add(events, user_id=None)
        assert exceeded(measure(events, settings)) == {"null_user_share": 0.2}

    def test_whoever_left_is_not_missed(self, events, settings):
        for _ in range(20):
            add(events, user_id=None, session_id=None, properties=Jsonb({"erased_sender": "mark"}))
        strict = settings.model_copy(update={"event_null_session_max_share": 0.0})
        assert exceeded(measure(events, strict)) == {}

    def test_searches_without_a_user_are_usual(self, events, settings):
        for _ in range(20):
            add(events, event_name="search.performed", user_id=None, prompt_id=None)
        measured = measure(events, settings)
        assert exceeded(measured) == {}
        shares = {row["event_name"]: row["null_user_share"] for row in measured.by_name}
        assert shares == {"prompt.clicked": 0.0, "search.performed": 1.0}

    def test_events_without_a_visit(self, events, settings):
        for _ in range(20):
            add(events, session_id=None)
        strict = settings.model_copy(update={"event_null_session_max_share": 0.4})
        assert exceeded(measure(events, strict)) == {"null_session_share": 0.5}

    def test_clicks_without_a_prompt(self, events, settings):
        add(events, prompt_id=None)
        assert exceeded(measure(events, settings)) == {"null_prompt_share": 1 / 21}

    def test_refused_events(self, events, settings):
        add_batch(events, quarantined=5)
        assert exceeded(measure(events, settings)) == {"quarantined_share": 0.2}

    def test_dropped_events(self, events, settings):
        assert exceeded(measure(events, settings, dropped_share=0.01)) == {"dropped_share": 0.01}

    def test_without_events_there_is_nothing_to_judge(self, events, settings):
        events.execute("truncate raw_events, event_batches")
        measured = measure(events, settings, dropped_share=None)
        assert {each.value for each in measured.measures} == {None}
        assert exceeded(measured) == {}


class TestLastLoaded:
    def test_is_what_the_load_brought_also_when_others_were_stamped_after_it(self, warehouse_url, settings):
        loads = [(1, "2026-03-01", "2026-03-03"), (2, "2026-03-02", "2026-03-02"), (3, "2026-03-02", "2026-03-03")]
        with connect(warehouse_url) as connection:
            connection.execute("truncate raw_events.events, raw_events.event_batches")
            for number, (batch_id, loaded_at, stamped_at) in enumerate(loads):
                connection.execute(
                    "insert into raw_events.event_batches (batch_id, origin, received_count, stored_count,"
                    " duplicate_count, quarantined_count, _loaded_at) values (%s, 'test', 1, 1, 0, 0, %s)",
                    [batch_id, loaded_at],
                )
                connection.execute(
                    "insert into raw_events.events (source, event_id, event_name, occurred_at, received_at, properties,"
                    " batch_id, _loaded_at) values ('api', %s, 'category.browsed', now() - make_interval(secs => %s),"
                    " now(), '{}', %s, %s)",
                    [str(number), number, batch_id, stamped_at],
                )
            measured = measure_events(connection, settings, place=LAST_LOADED, dropped_share=None)
            connection.rollback()
        assert measured.event_count == 2
        assert {each.name: each.value for each in measured.measures}["lateness_p50_seconds"] == 1.0


class TestReadDroppedShare:
    def test_is_of_all_that_came(self, redis_url):
        assert read_dropped_share(redis_url) is None
        with redis.Redis.from_url(redis_url) as client:
            client.mset({ACCEPTED: 97, DROPPED: 3})
        assert read_dropped_share(redis_url) == 0.03

    def test_has_what_a_full_buffer_left_out(self, redis_url, database_url):
        async def run() -> None:
            journal = AsyncJournal(redis_url, database_url)
            fields = server_event("category.browsed", {"category": "writing"}).model_dump()
            for _ in range(BUFFER_MAX_EVENTS + 3):
                journal.append_later(fields)
            await journal.close()

        asyncio.run(run())
        assert read_dropped_share(redis_url) == 3 / (BUFFER_MAX_EVENTS + 3)
