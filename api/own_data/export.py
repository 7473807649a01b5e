"""Handing over what the platform holds about a person, line by line."""

from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import IO, Any

import orjson
from anyio import to_thread

from api.audit import AuditedObject, record
from api.auth.identity import Identity
from api.lifespan import Resources
from api.own_data import repository
from api.own_data.errors import ExportsBusy
from api.own_data.event import open_own_events
from api.sent_file import open_file
from api.tenancy import PLATFORM
from api.time_limit import get_on
from warehouse.journal import Flusher


async def note_export(resources: Resources, user: Identity) -> None:
    """Note in the audit log that the data was handed over."""
    async with resources.database.writing(PLATFORM) as session:
        await record(session, "user.exported", AuditedObject("user", user.user_id, user.organization_id))


def require_place(resources: Resources) -> None:
    """Raise `ExportsBusy` when as many exports go on as may at once."""
    if resources.own_exports.locked():
        raise ExportsBusy


async def write_export(resources: Resources, user: Identity) -> IO[bytes]:
    """The lines of `export` in a file: whoever reads it slowly keeps no place, and what fails is no half of a file.

    It takes as long as it has to, while some of it comes in the time of a request.
    """
    with ExitStack() as on_failure:
        file = on_failure.enter_context(open_file())
        async for lines in export(resources, user):
            get_on()
            file.write(lines)
        on_failure.pop_all()
        return file


async def export(resources: Resources, user: Identity) -> AsyncIterator[bytes]:
    """Everything about a user as JSON lines of `kind` and `data`, many at once; the first says of whom and when."""
    async with resources.own_exports:
        yield _line("export", {"user_id": user.user_id, "exported_at": datetime.now(UTC)})
        await to_thread.run_sync(_store_waiting, resources)
        async with resources.database.reading(PLATFORM) as session:
            async for kind, rows in repository.read_holdings(session, user.user_id, user.email):
                yield _lines(kind, rows)
        async with open_own_events(resources.servers, user) as events:
            devices = await events.find_devices()
            for device in devices.lines():
                yield _line("devices", device)
            async for rows in events.read(devices):
                yield _lines("raw_events", rows)


def _line(kind: str, data: Any) -> bytes:
    return orjson.dumps({"kind": kind, "data": data}) + b"\n"


def _lines(kind: str, rows: Iterable[str]) -> bytes:
    """Of rows that are JSON already: reading and writing each again would keep everybody else waiting."""
    start = f'{{"kind":"{kind}","data":'
    return "".join(f"{start}{row}}}\n" for row in rows).encode()


def _store_waiting(resources: Resources) -> None:
    """Events that were accepted a moment ago are the user's too."""
    flusher = Flusher(
        resources.servers.redis_url, resources.servers.access.platform_url, max_events=1, interval_seconds=1
    )
    try:
        flusher.flush_all()
    finally:
        flusher.close()
