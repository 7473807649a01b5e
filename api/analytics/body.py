"""The body of a request that brings events: one, a list, or a list with the sender's time beside it."""

import json
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from api.analytics.errors import EventBatchMalformed
from api.errors import BodyMalformed

# More than a float can hold, and less than Python refuses to read.
LONGEST_INTEGER = 1000


class Parts(NamedTuple):
    """The events of a body as they were sent, not yet known to be JSON, and the time that holds for all."""

    events: list[bytes]
    sent_at: bytes | None
    # The body may be one event, and is something else when that can't be read quickly.
    is_bare: bool = False


class _Wrapped(Struct, forbid_unknown_fields=True):
    events: list[Raw]
    sent_at: Raw | UnsetType = UNSET


_LIST = msgspec.json.Decoder(list[Raw])
_WRAPPED = msgspec.json.Decoder(_Wrapped)


def split_body(body: bytes) -> Parts | None:
    """The parts of a body that is plainly a list of events, with a time beside it or without, or may be one event.

    None for others.
    """
    try:
        return Parts([bytes(each) for each in _LIST.decode(body)], None)
    except msgspec.ValidationError:
        # No list.
        pass
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    try:
        wrapped = _WRAPPED.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Parts([body], None, is_bare=True) if body.lstrip()[:1] == b"{" else None
    sent_at = None if wrapped.sent_at is UNSET else bytes(wrapped.sent_at)
    return Parts([bytes(each) for each in wrapped.events], sent_at)


def read_body(body: bytes) -> list[Any]:
    """The envelopes of any body. Raises `BodyMalformed` or `EventBatchMalformed`."""
    sent = read_json(body)
    if isinstance(sent, dict) and isinstance(sent.get("events"), list) and "event_name" not in sent:
        sent = [with_sent_at(each, sent) for each in sent["events"]]
    if isinstance(sent, dict):
        return [sent]
    if not isinstance(sent, list):
        raise EventBatchMalformed
    return sent


def with_sent_at(envelope: Any, beside: dict[str, Any]) -> Any:
    """An envelope with the `sent_at` that stood beside the list, unless it says its own."""
    if not isinstance(envelope, dict) or "sent_at" not in beside:
        return envelope
    return {"sent_at": beside["sent_at"]} | envelope


def read_json(content: bytes) -> Any:
    """What JSON says; whole numbers beyond `LONGEST_INTEGER` characters are infinite. Raises `BodyMalformed`."""
    try:
        return json.loads(content, parse_constant=_refuse_constant, parse_int=_read_integer)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError as error:
        reason = f"byte {error.start + 1} is not UTF-8"
    except RecursionError:
        reason = "it is nested too deep"
    except ValueError as error:
        reason = str(error)
    raise BodyMalformed(f"The body is not valid JSON: {reason}")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no value of it")


def _read_integer(text: str) -> int | float:
    """Python reads no integer of more than 4,300 digits; one such number must not cost the events beside it."""
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)
