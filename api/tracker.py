"""Facts a request establishes, collected by its handlers and written to the journal as one entry before the answer."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from starlette.types import Scope

from api.agent import agent_of
from api.auth.identity import Identity
from api.headers import header
from warehouse.events import Event, EventInvalid, server_event

logger = structlog.get_logger(__name__)

LONGEST_HEADER_ID = 255


class Tracker:
    """The events of one request. `record` stamps them with who asked."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._events: list[tuple[Event, bool]] = []

    def record(
        self,
        event_name: str,
        properties: Mapping[str, Any],
        *,
        prompt_id: UUID | None = None,
        even_if_refused: bool = False,
    ) -> None:
        """Note that something happened. Written when the request is answered.

        A request that ends in an error (status 400 and above) changed nothing, so its events are dropped, unless
        `even_if_refused`. An event that breaks the catalogue is logged and left out: counting must not fail the answer.
        """
        try:
            event = server_event(event_name, dict(properties), prompt_id=prompt_id, **envelope(self._scope))
        except EventInvalid as error:
            logger.error("event_not_recorded", event_name=event_name, reason=error.reason, detail=str(error))
            return
        self._events.append((event, even_if_refused))

    def take(self, status: int) -> list[Event]:
        """The events to write for an answer of this status; each is given out once."""
        events, self._events = self._events, []
        return [event for event, even_if_refused in events if status < 400 or even_if_refused]


def envelope(scope: Scope) -> dict[str, Any]:
    """Who and what an event of this request is about: the envelope's identity fields.

    A program without a log-in tells its visitors apart by `X-Session-ID` and `X-Anonymous-ID`.
    """
    state = scope.get("state", {})
    identity: Identity | None = state.get("identity")
    return {
        "organization_id": identity.organization_id if identity else None,
        "user_id": identity.user_id if identity else None,
        "request_id": state.get("request_id"),
        "session_id": _header_id(scope, b"x-session-id"),
        "anonymous_id": _header_id(scope, b"x-anonymous-id"),
        "agent": agent_of(scope),
    }


def _header_id(scope: Scope, name: bytes) -> str | None:
    value = header(scope, name)
    if not value or len(value) > LONGEST_HEADER_ID or not value.isascii():
        return None
    text: str = value.decode("ascii")
    return text if text.isprintable() else None
