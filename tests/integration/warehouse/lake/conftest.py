"""A lake, and days of events to archive in it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.events import Event
from warehouse.journal import store
from warehouse.lake import ArchiveReport, archive_events

DAY = date(2020, 3, 1)
TODAY = date(2020, 3, 3)


def event(event_id: str, *, received: date = DAY, **fields: object) -> Event:
    received_at = datetime(received.year, received.month, received.day, 12, tzinfo=UTC)
    defaults: dict[str, object] = {
        "event_id": event_id,
        "source": "client:test",
        "event_name": "category.browsed",
        "occurred_at": received_at - timedelta(days=30),
        "received_at": received_at,
        "properties": {"category": "writing", "ü": [1, {"x": None}]},
    }
    return Event.model_validate(defaults | fields)


@pytest.fixture
def connection(database_url: str, warehouse_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with connect(database_url, autocommit=True) as connection:
        connection.execute("truncate raw_events, event_ids, event_batches, quarantine, event_days_let_go")
        yield connection


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def archive(connection: object, database_url: str, warehouse_url: str, lake: Path) -> Callable[..., ArchiveReport]:
    def run(*, retention_days: int = 100_000, today: date = TODAY) -> ArchiveReport:
        return archive_events(database_url, warehouse_url, lake, retention_days=retention_days, today=today)

    return run


@pytest.fixture
def three_events(connection: psycopg.Connection[DictRow]) -> None:
    store(connection, [event("b"), event("a"), event("c", event_name="aa.done")], origin="test")
