"""The Redis stream that is the journal: its name and the form of its entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from warehouse.events import Event, EventInvalid, check

STREAM = "events:journal"
FIELD = b"events"
# How many events the request brought that had been accepted before; they are not in the entry, but they came.
DUPLICATES_FIELD = b"duplicates"
# Counts every event ever put into the stream, so that a flusher knows how many wait without reading them.
ACCEPTED = "events:accepted"


@dataclass(frozen=True)
class Entry:
    """What one request brought: its events as they stand in the stream, and how many duplicates came with them."""

    stream_id: str
    content: bytes
    duplicates: int = 0


def read_entry(stream_id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    """An entry as Redis gives it, whoever wrote it."""
    duplicates = fields.get(DUPLICATES_FIELD, b"")
    return Entry(stream_id.decode(), fields.get(FIELD, b""), int(duplicates) if duplicates.isdigit() else 0)


def encode(events: Sequence[Event]) -> bytes:
    """A request's events as one entry: a JSON array."""
    return orjson.dumps([event.model_dump(mode="json") for event in events])


def encode_fields(event: Mapping[str, Any]) -> bytes:
    """One event that is known to be well-formed, given as the fields of its envelope; for `join`."""
    return orjson.dumps(event)


def join(events: Sequence[bytes]) -> bytes:
    """An entry of events that are encoded each."""
    return b"[" + b",".join(events) + b"]"


def decode(entry: bytes) -> list[Event]:
    """The events of an entry. Raises `EventInvalid` for an entry nobody of ours wrote."""
    try:
        return [check(Event.model_validate(event)) for event in orjson.loads(entry)]
    except EventInvalid:
        raise
    except (ValueError, TypeError) as error:
        raise EventInvalid("entry_invalid", f"journal entry can't be read: {error}") from error
