"""In whatever order batches of events are stored, committed, rolled back and loaded, none is left out."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from adbc_driver_postgresql import dbapi as adbc
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow

from tests.integration.warehouse.journal.sending import event
from warehouse.databases import connect
from warehouse.journal import store
from warehouse.loading import load_all, load_nothing
from warehouse.loading.changes import changes_query
from warehouse.loading.gaps import EVENTS
from warehouse.raw_tables import RawTable

Connection = psycopg.Connection[DictRow]

WRITERS = 3
# The edges of days, some of them side by side, and what is far away.
MOMENTS = (
    datetime(2026, 3, 1, tzinfo=UTC),
    datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 3, 2, tzinfo=UTC),
    datetime(2026, 3, 9, 12, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
)
UNNOTED = """
update event_batches set first_received_on = null, last_received_on = null where changed_xid = pg_current_xact_id()
"""
WRITER = st.integers(0, WRITERS - 1)
BATCH = st.lists(st.sampled_from(MOMENTS), min_size=1, max_size=2)
STEPS = st.lists(
    st.tuples(st.just("store"), WRITER, BATCH)
    | st.tuples(st.sampled_from(["commit", "roll_back", "forget_days", "load", "load_nothing"]), WRITER),
    min_size=8,
    max_size=16,
)


class Place:
    """Transactions that store events side by side, and a warehouse that is loaded meanwhile."""

    def __init__(self, writers: Sequence[Connection], database_url: str, warehouse_url: str) -> None:
        self.writers = writers
        self.database_url = database_url
        self.warehouse_url = warehouse_url

    def store(self, writer: int, received: Sequence[datetime]) -> None:
        """A batch of a transaction that stays open."""
        self.writers[writer].execute("select")
        store(self.writers[writer], [event(received_at=at) for at in received], origin="test")

    def forget_days(self, writer: int) -> None:
        """Its batches are as those that were stored before days were noted."""
        self.writers[writer].execute(UNNOTED)

    def commit(self, writer: int) -> None:
        self.writers[writer].commit()

    def roll_back(self, writer: int) -> None:
        self.writers[writer].rollback()

    def load(self, writer: int) -> None:
        """Load; the writer commits once the load knows on which days it looks. What was committed before is there."""

        def ask(source: adbc.Connection, table: RawTable, since_xid: int) -> str:
            query = changes_query(source, table, since_xid)
            if table is EVENTS:
                self.commit(writer)
            return query

        before = self.stored()
        with patch("warehouse.loading.table.changes_query", ask):
            load_all(self.database_url, self.warehouse_url)
        assert before <= self.loaded()

    def load_nothing(self, _: int) -> None:
        """The load of a moment without rows to load, if it is one."""
        load_nothing(self.database_url, self.warehouse_url)

    def stored(self) -> set[str]:
        """The ids of all events that are committed."""
        return _ids(self.database_url, "raw_events")

    def loaded(self) -> set[str]:
        """The ids of all events in the warehouse."""
        return _ids(self.warehouse_url, EVENTS.full_name)


def _ids(url: str, table: str) -> set[str]:
    with connect(url) as connection:
        return {row["event_id"] for row in connection.execute(f"select event_id from {table}".encode())}


@pytest.fixture
def place(database_url: str, warehouse_url: str) -> Iterator[Place]:
    with ExitStack() as stack:
        writers = [stack.enter_context(connect(database_url)) for _ in range(WRITERS)]
        # Of two transactions that make days, one waits for the other.
        writers[0].execute(
            "select make_event_day(day) from unnest(%s::date []) as day", [[at.date() for at in MOMENTS]]
        )
        writers[0].commit()
        yield Place(writers, database_url, warehouse_url)


class TestLoadAll:
    # A schedule is short enough to be read as it is: to look for a shorter one would take minutes.
    @settings(
        max_examples=8,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(steps=STEPS)
    def test_whatever_commits_whenever_no_event_is_left_out(self, place: Place, steps: list[tuple[Any, ...]]) -> None:
        for writer in range(WRITERS):
            place.roll_back(writer)
        for step, *arguments in steps:
            getattr(place, step)(*arguments)
        for writer in range(WRITERS):
            place.commit(writer)
        place.load(0)
        assert place.loaded() == place.stored()
