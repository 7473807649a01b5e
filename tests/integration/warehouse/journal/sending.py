"""Events for the tests of the journal, and how they get into it."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
from psycopg.rows import DictRow

from warehouse.events import Event
from warehouse.intake import ready
from warehouse.journal import AsyncJournal

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


def append(redis_url: str, database_url: str, *batches: list[Event]) -> None:
    async def run() -> None:
        journal = AsyncJournal(redis_url, database_url)
        try:
            for batch in batches:
                await journal.append([ready(each) for each in batch])
        finally:
            await journal.close()

    asyncio.run(run())


def stored_count(connection: psycopg.Connection[DictRow]) -> int:
    row = connection.execute("select count(*) as n from raw_events").fetchone()
    return row["n"] if row else 0
