"""Writes what happens to the event journal: the facts of a request before its answer, the call itself after it."""

import time
from datetime import UTC, datetime
from random import getrandbits
from uuid import UUID

import structlog
from pydantic import JsonValue
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.routing import API_PREFIX, route_template
from api.tracker import Tracker, envelope
from warehouse.events import Event
from warehouse.journal import AsyncJournal

logger = structlog.get_logger(__name__)


class TrackingMiddleware:
    """Gives every API request a `Tracker`, and the journal what it collected.

    Facts are durable before the first byte of the answer. A journal that takes nothing costs the facts, not the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API_PREFIX + "/"):
            await self._app(scope, receive, send)
            return
        journal: AsyncJournal = scope["app"].state.resources.journal
        tracker = scope["state"]["tracker"] = Tracker(scope)
        started = time.perf_counter()
        # An answer without its body shows nothing to anybody.
        is_shown = scope["method"] != "HEAD"
        status = 0

        async def send_after_facts(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                events = tracker.take(status)
                await _append(journal, events if is_shown else [])
            await send(message)

        try:
            await self._app(scope, receive, send_after_facts)
        finally:
            if status:
                _append_call(journal, scope, status, time.perf_counter() - started)


async def _append(journal: AsyncJournal, events: list[Event]) -> None:
    if not events:
        return
    try:
        await journal.append(events)
    except Exception as error:  # whatever is wrong with the journal, the answer is right
        names = [event.event_name for event in events]
        logger.error("events_not_recorded", event_names=names, exc_info=error)


def _append_call(journal: AsyncJournal, scope: Scope, status: int, seconds: float) -> None:
    call: dict[str, JsonValue] = {
        "method": scope["method"][:16],
        "route": route_template(scope),
        "status": status,
        "duration_ms": round(seconds * 1000, 3),
    }
    now = datetime.now(UTC)
    # All of it is ours and of the right form: validating it would cost more than the rest of the shell.
    event = Event.model_construct(
        source="api",
        event_id=str(UUID(int=getrandbits(128), version=4)),
        event_name="api.requested",
        occurred_at=now,
        received_at=now,
        properties=call,
        **envelope(scope),
    )
    journal.append_later(event)
