"""Turns what a client sent into events, one by one: a bad event costs itself alone. Pure, so it runs in a thread."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.analytics.errors import EventBatchMalformed, EventBatchTooLarge
from api.auth.identity import Identity
from api.errors import BodyMalformed
from warehouse.events import EVENT_MAX_BYTES, Event, EventInvalid, is_server_only, parse

CLIENT_SOURCE_PREFIX = "client:"
SERVER_SOURCES = frozenset({"api", "worker"})
# Said by the server, whatever the client says.
SERVER_FIELDS = frozenset({"received_at", "organization_id", "user_id"})
# What Postgres and the journal can hold.
DEEPEST_NESTING = 50
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Refused:
    """An event that is not taken. `raw` is the event as JSON, escaped to ASCII so that anything sent can be kept."""

    index: int
    raw: bytes
    reason: str
    detail: str


@dataclass(frozen=True)
class Batch:
    """The events of one request by their index in it."""

    events: dict[int, Event]
    refused: list[Refused]

    def refuse(self, index: int, reason: str, detail: str) -> None:
        """Move an event to the refused ones."""
        event = self.events.pop(index)
        raw = _raw(event.model_dump(mode="json", exclude={"received_at"}))
        self.refused.append(Refused(index, raw, reason, detail))


def read_batch(body: bytes, user: Identity, *, received_at: datetime, max_events: int) -> Batch:
    """The events of a body. Raises `BodyMalformed`, `EventBatchMalformed` or `EventBatchTooLarge`."""
    envelopes = _envelopes(body)
    if len(envelopes) > max_events:
        raise EventBatchTooLarge(len(envelopes), max_events)
    batch = Batch({}, [])
    for index, envelope in enumerate(envelopes):
        raw = _raw(envelope)
        try:
            batch.events[index] = _event(envelope, user, received_at=received_at, size=len(raw))
        except EventInvalid as error:
            batch.refused.append(Refused(index, raw, error.reason, str(error)))
    return batch


def _envelopes(body: bytes) -> list[Any]:
    try:
        sent = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it can't be parsed"
        raise BodyMalformed(f"The body is not valid JSON: {reason}") from None
    if isinstance(sent, dict) and isinstance(sent.get("events"), list) and "event_name" not in sent:
        sent = sent["events"]
    if isinstance(sent, dict):
        return [sent]
    if not isinstance(sent, list):
        raise EventBatchMalformed
    return sent


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _raw(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode()


def _event(envelope: Any, user: Identity, *, received_at: datetime, size: int) -> Event:
    if not isinstance(envelope, dict):
        raise EventInvalid("envelope_invalid", "an event must be a JSON object")
    if size > EVENT_MAX_BYTES:
        raise EventInvalid("event_too_large", f"the event has {size} bytes, and at most {EVENT_MAX_BYTES} are taken")
    if any(not _is_storable(value, depth) for value, depth in _values(envelope)):
        raise EventInvalid(
            "value_not_storable",
            f"a value is no valid text, a number beyond 64 bits, or nested deeper than {DEEPEST_NESTING}",
        )
    if isinstance(name := envelope.get("event_name"), str) and is_server_only(name):
        raise EventInvalid("event_name_reserved", f"{name[:100]} is written by the server alone")
    fields = {name: value for name, value in envelope.items() if name not in SERVER_FIELDS}
    fields["source"] = _source(envelope.get("source"), user)
    fields["organization_id"], fields["user_id"] = user.organization_id, user.user_id
    return parse(fields, received_at=received_at)


def _source(named: Any, user: Identity) -> Any:
    """Every organization has sources of its own, so that nobody can use up the event ids of another."""
    own = f"{CLIENT_SOURCE_PREFIX}{user.organization_id}"
    if named is None:
        return own
    if not isinstance(named, str) or not named:
        raise EventInvalid("envelope_invalid", "source: must be a text that is not empty")
    if named == own or named.startswith(own + ":"):
        return named
    if named in SERVER_SOURCES or named.startswith(CLIENT_SOURCE_PREFIX):
        raise EventInvalid("source_not_allowed", f"the source {named[:100]!r} belongs to somebody else")
    return f"{own}:{named}"


def _values(value: Any) -> Iterator[tuple[Any, int]]:
    """Every key and value at any depth, with its depth; without recursion, because the depth is the sender's choice."""
    waiting = [(value, 0)]
    while waiting:
        current, depth = waiting.pop()
        yield current, depth
        if isinstance(current, dict):
            waiting += [(key, depth + 1) for key in current]
            waiting += [(each, depth + 1) for each in current.values()]
        elif isinstance(current, list):
            waiting += [(each, depth + 1) for each in current]


def _is_storable(value: Any, depth: int) -> bool:
    if depth > DEEPEST_NESTING:
        return False
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value) if not value.isascii() else True
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return SMALLEST_INTEGER <= value <= LARGEST_INTEGER
    return True
