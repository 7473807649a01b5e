"""An empty journal, in Redis and Postgres."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.journal import Flusher


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with connect(database_url, autocommit=True) as connection:
        connection.execute("truncate raw_events, event_ids, event_batches, quarantine")
        connection.execute("update journal_position set stream_id = null")
        yield connection


@pytest.fixture
def flusher(redis_url: str, database_url: str) -> Iterator[Flusher]:
    flusher = Flusher(redis_url, database_url, max_events=100, interval_seconds=60)
    yield flusher
    flusher.close()
