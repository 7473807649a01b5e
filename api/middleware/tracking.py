"""Writes what happens to the event journal: the facts of a request before its answer, the call itself after it."""

import asyncio
from datetime import UTC, datetime

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answer_head import answer_head
from api.random_id import random_id
from api.routing import API_PREFIX, route_template
from api.tracker import Tracker, envelope
from warehouse.events import Event
from warehouse.intake import ready
from warehouse.journal import AsyncJournal

logger = structlog.get_logger(__name__)

# A journal that hangs holds up no answer for longer.
FACTS_SECONDS = 5.0


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
        head = answer_head(scope)

        async def append_facts(status: int) -> None:
            events = tracker.take(status)
            # An answer without its body shows nothing to anybody.
            if events and scope["method"] != "HEAD":
                await _append(journal, events)

        head.before_start = append_facts
        try:
            await self._app(scope, receive, send)
        finally:
            if head.status is not None:
                _append_call(journal, scope, head.status, head.seconds)
            # Both hold the request that holds them: left so, all of it would wait for the garbage collector.
            head.before_start = None
            del scope["state"]["tracker"]


async def _append(journal: AsyncJournal, events: list[Event]) -> None:
    try:
        async with asyncio.timeout(FACTS_SECONDS):
            await journal.append_together([ready(event) for event in events])
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
