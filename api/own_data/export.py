"""Handing over what the platform holds about a person, line by line."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
import structlog
from anyio import to_thread

from api.audit import AuditedObject, record
from api.auth.identity import Identity
from api.lifespan import Resources
from api.own_data import repository
from api.tenancy import PLATFORM
from warehouse.databases import connect
from warehouse.journal import Flusher

logger = structlog.get_logger(__name__)

# Those the application database let go of are in the warehouse.
OLD_EVENTS = """
select to_jsonb(events) - '_loaded_at' as row
from raw_events.events
where user_id = %(user)s and (%(before)s::timestamptz is null or received_at < %(before)s)
order by received_at
"""


async def note_export(resources: Resources, user: Identity) -> None:
    """Note in the audit log that the data was handed over."""
    async with resources.database.writing(PLATFORM) as session:
        await record(session, "user.exported", AuditedObject("user", user.user_id, user.organization_id))


async def export(resources: Resources, user: Identity) -> AsyncIterator[bytes]:
    """Everything about a user as JSON lines of `kind` and `data`, the first saying of whom and when."""
    yield _line("export", {"user_id": user.user_id, "exported_at": datetime.now(UTC)})
    await to_thread.run_sync(_store_waiting, resources)
    async with resources.database.reading(PLATFORM) as session:
        async for kind, row in repository.read_holdings(session, user.user_id, user.email):
            yield _line(kind, row)
        before = await repository.first_event_kept(session)
    for row in await to_thread.run_sync(_old_events, resources.servers.warehouse_url, user.user_id, before):
        yield _line("raw_events", row)


def _line(kind: str, data: Any) -> bytes:
    return orjson.dumps({"kind": kind, "data": data}) + b"\n"


def _store_waiting(resources: Resources) -> None:
    """Events that were accepted a moment ago are the user's too."""
    flusher = Flusher(
        resources.servers.redis_url, resources.servers.access.platform_url, max_events=1, interval_seconds=1
    )
    try:
        flusher.flush_all()
    finally:
        flusher.close()


def _old_events(warehouse_url: str, user_id: UUID, before: datetime | None) -> list[dict[str, Any]]:
    return list(_read_old_events(warehouse_url, user_id, before))


def _read_old_events(warehouse_url: str, user_id: UUID, before: datetime | None) -> Iterator[dict[str, Any]]:
    with connect(warehouse_url) as warehouse:
        try:
            for row in warehouse.execute(OLD_EVENTS, {"user": str(user_id), "before": before}):
                yield row["row"]
        except psycopg.errors.UndefinedTable:
            # No run has loaded anything yet, so nothing is there alone.
            logger.info("warehouse_not_loaded")
