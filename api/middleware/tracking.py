"""Writes what happens to the event journal: the facts of a request before its answer, the call itself after it."""

import time
from datetime import UTC, datetime

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.random_id import random_id
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
                if events and is_shown:
                    await _append(journal, events)
            await send(message)

        try:
            await self._app(scope, receive, send_after_facts)
        finally:
            if status:
                _append_call(journal, scope, status, time.perf_counter() - started)


async def _append(journal: AsyncJournal, events: list[Event]) -> None:
    try:
        await journal.append(events)
    except Exception as error:  # whatever is wrong with the journal, the answer is right
        names = [event.event_name for event in events]
        logger.error("events_not_recorded", event_names=names, exc_info=error)


def _append_call(journal: AsyncJournal, scope: Scope, status: int, seconds: float) -> None:
    now = datetime.now(UTC)
    # All of it is ours and of the right form: validating it would cost more than the rest of the shell.
    journal.append_later(
        {
            "source": "api",
            "event_id": random_id(),
            "event_name": "api.requested",
            "occurred_at": now,
            "received_at": now,
            "properties": {
                "method": scope["method"][:16],
                "route": route_template(scope),
                "status": status,
                "duration_ms": round(seconds * 1000, 3),
            },
            **envelope(scope),
        }
    )
