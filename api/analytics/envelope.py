"""What one client may say in the envelope of one event, and what the server says in it."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from api.auth.identity import Identity
from api.schema import LONE_SURROGATE
from warehouse.events import EVENT_MAX_BYTES, SERVER_SOURCES, Event, EventInvalid, is_server_only, parse_live
from warehouse.intake import as_raw

CLIENT_SOURCE_PREFIX = "client:"
# Said by the server, whatever the client says.
SERVER_FIELDS = frozenset({"received_at", "organization_id", "user_id", "clock_offset_ms", "agent"})
SOURCE_MAX_LENGTH = 255
# What Postgres and the journal can hold.
DEEPEST_NESTING = 50
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1


def read_envelope(envelope: Any, user: Identity, *, received_at: datetime) -> Event:
    """The event of an envelope as JSON has it. Raises `EventInvalid`."""
    if not isinstance(envelope, dict):
        raise EventInvalid("envelope_invalid", "an event must be a JSON object")
    if (size := len(as_raw(envelope))) > EVENT_MAX_BYTES:
        raise EventInvalid("event_too_large", f"the event has {size} bytes, and at most {EVENT_MAX_BYTES} are taken")
    if not _is_flat_and_plain(envelope) and any(not _is_storable(value, depth) for value, depth in _values(envelope)):
        raise EventInvalid(
            "value_not_storable",
            f"a value is no valid text, a number beyond 64 bits, or nested deeper than {DEEPEST_NESTING}",
        )
    if isinstance(name := envelope.get("event_name"), str) and is_server_only(name.strip().lower()):
        raise EventInvalid("event_name_reserved", f"{name[:100]} is written by the server alone")
    _check_source(envelope.get("source"), user)
    return parse_live(seal(envelope, user), received_at=received_at)


def seal(envelope: Any, user: Identity) -> Any:
    """The envelope with what the server says in it, whatever the client said."""
    if not isinstance(envelope, dict):
        return envelope
    fields = {name: value for name, value in envelope.items() if name not in SERVER_FIELDS}
    fields["source"] = _source(envelope.get("source"), user)
    return fields | {"organization_id": str(user.organization_id), "user_id": str(user.user_id)}


def source_of(named: str | None, user: Identity) -> str | None:
    """The source under which a client's event is kept; None when it may not name that one, or the name is too long."""
    try:
        _check_source(named, user)
    except EventInvalid:
        return None
    source = _source(named, user)
    return source if len(source) <= SOURCE_MAX_LENGTH else None


def _source(named: Any, user: Identity) -> str:
    """Every organization has sources of its own, so that nobody can use up the event ids of another."""
    own = f"{CLIENT_SOURCE_PREFIX}{user.organization_id}"
    if named is None or named == own:
        return own
    return str(named) if str(named).startswith(f"{own}:") else f"{own}:{named}"


def _check_source(named: Any, user: Identity) -> None:
    if named is None:
        return
    if not isinstance(named, str) or not named:
        raise EventInvalid("envelope_invalid", "source: must be a text that is not empty")
    own = f"{CLIENT_SOURCE_PREFIX}{user.organization_id}"
    if named in SERVER_SOURCES or (named.startswith(CLIENT_SOURCE_PREFIX) and not f"{named}:".startswith(f"{own}:")):
        raise EventInvalid("source_not_allowed", f"the source {named[:100]!r} belongs to somebody else")


def _is_flat_and_plain(envelope: dict[Any, Any]) -> bool:
    """Whether a look at the surface is enough, as for most events: plain text, numbers and flags, side by side."""
    properties = envelope.get("properties")
    return _holds_plain(envelope, but="properties") and (
        properties is None or (isinstance(properties, dict) and _holds_plain(properties))
    )


def _holds_plain(values: dict[Any, Any], *, but: str | None = None) -> bool:
    for name, value in values.items():
        if not name.isascii():
            return False
        kind = type(value)
        if kind is str:
            if not value.isascii():
                return False
        elif kind is int:
            if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
                return False
        elif kind is not bool and value is not None and name != but:
            return False
    return True


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
        return value.isascii() or LONE_SURROGATE.search(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return SMALLEST_INTEGER <= value <= LARGEST_INTEGER
    return True
