"""Hours that a load left out are found, and loaded again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.loading import load_all
from warehouse.loading.gaps import Gap, fill_gaps, find_gaps, find_silent_hours, read_filled

NOON = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)
LOST_EVENTS = "delete from raw_events.events where batch_id = 2"
LOST_BATCHES = "delete from raw_events.event_batches where batch_id = 2"


@pytest.fixture
def application(database_url: str, warehouse_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    """Three batches of two events, in the hours from noon on, loaded."""
    with connect(warehouse_url, autocommit=True) as warehouse:
        warehouse.execute("truncate raw_events.events, raw_events.event_batches, control.load_watermarks")
        warehouse.execute("drop table if exists control.filled_gaps")
    with connect(database_url, autocommit=True) as connection:
        connection.execute("truncate raw_events, event_ids, event_batches")
        for batch_id in (1, 2, 3):
            add_batch(connection, batch_id, NOON + timedelta(hours=batch_id - 1, minutes=59))
        load_all(database_url, warehouse_url)
        yield connection


def add_batch(connection: psycopg.Connection[DictRow], batch_id: int, recorded_at: datetime) -> None:
    connection.execute("select make_event_day(%s)", [recorded_at.date()])
    for _ in range(2):
        connection.execute(
            "insert into raw_events (source, event_id, event_name, schema_version, occurred_at, received_at,"
            " properties, batch_id) values ('api', %(id)s, 'page.viewed', 1, %(at)s, %(at)s, '{}', %(batch)s)",
            {"id": str(uuid4()), "at": recorded_at, "batch": batch_id},
        )
    connection.execute(
        "insert into event_batches (id, origin, received_count, stored_count, duplicate_count, quarantined_count,"
        " recorded_at) values (%s, 'test', 3, 2, 1, 0, %s)",
        [batch_id, recorded_at],
    )


def lose(warehouse_url: str, *statements: str) -> None:
    with connect(warehouse_url) as warehouse:
        for statement in statements:
            warehouse.execute(statement.encode())


def snapshot(warehouse_url: str) -> list[object]:
    """What the warehouse has of events, without when it was loaded."""
    with connect(warehouse_url) as warehouse:
        events = warehouse.execute("select * from raw_events.events order by event_id").fetchall()
        batches = warehouse.execute("select * from raw_events.event_batches order by batch_id").fetchall()
    return [{name: row[name] for name in row if name != "_loaded_at"} for row in [*events, *batches]]


class TestFindGaps:
    def test_a_whole_warehouse_has_none(self, application, database_url, warehouse_url):
        assert find_gaps(database_url, warehouse_url, is_counting_events=True) == []

    def test_an_hour_without_its_batch_is_found(self, application, database_url, warehouse_url):
        lose(warehouse_url, LOST_EVENTS, LOST_BATCHES)
        assert find_gaps(database_url, warehouse_url) == [Gap(NOON + timedelta(hours=1), 1, 2)]

    def test_events_missing_below_their_batch_are_found_by_counting(self, application, database_url, warehouse_url):
        lose(warehouse_url, LOST_EVENTS)
        assert find_gaps(database_url, warehouse_url) == []
        gaps = find_gaps(database_url, warehouse_url, is_counting_events=True)
        assert gaps == [Gap(NOON + timedelta(hours=1), 0, 2)]

    def test_what_was_stored_after_the_load_is_no_gap(self, application, database_url, warehouse_url):
        add_batch(application, 4, NOON)
        assert find_gaps(database_url, warehouse_url) == []


class TestFillGaps:
    @pytest.mark.parametrize("lost", [(LOST_EVENTS, LOST_BATCHES), (LOST_EVENTS,)])
    def test_the_hour_is_as_if_it_had_been_loaded(self, application, database_url, warehouse_url, lost):
        before = snapshot(warehouse_url)
        lose(warehouse_url, *lost)
        report = fill_gaps(database_url, warehouse_url, is_counting_events=True)
        assert (report.changed_rows, report.remaining) == (1 + len(lost), [])
        assert snapshot(warehouse_url) == before

    def test_filling_again_changes_nothing(self, application, database_url, warehouse_url):
        lose(warehouse_url, LOST_EVENTS, LOST_BATCHES)
        fill_gaps(database_url, warehouse_url)
        assert fill_gaps(database_url, warehouse_url).found == []
        with connect(warehouse_url) as warehouse:
            assert [row["missing_events"] for row in read_filled(warehouse)] == [2]

    def test_what_is_filled_is_newer_than_anything_built(self, application, database_url, warehouse_url):
        lose(warehouse_url, LOST_EVENTS, LOST_BATCHES)
        fill_gaps(database_url, warehouse_url)
        add_batch(application, 5, NOON)
        later = load_all(database_url, warehouse_url).loaded_at
        with connect(warehouse_url) as warehouse:
            stamps = warehouse.execute(
                "select batch_id, max(_loaded_at) as stamp from raw_events.events group by 1 order by 2, 1"
            ).fetchall()
        assert [row["batch_id"] for row in stamps] == [1, 3, 2, 5]
        assert stamps[-1]["stamp"] == later

    def test_events_that_left_the_database_remain_missing(self, application, database_url, warehouse_url):
        lose(warehouse_url, LOST_EVENTS)
        application.execute("delete from raw_events where batch_id = 2")
        report = fill_gaps(database_url, warehouse_url, is_counting_events=True)
        assert report.remaining == report.found == [Gap(NOON + timedelta(hours=1), 0, 2)]


class TestFindSilentHours:
    def test_an_hour_without_any_batch_is_silent(self, application):
        silent = find_silent_hours(application, hours=24)
        assert silent[:3] == [NOON + timedelta(hours=hour) for hour in (3, 4, 5)]
