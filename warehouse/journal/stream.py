"""The Redis stream that is the journal: its name and the form of its entries."""

from collections.abc import Sequence

import orjson

from warehouse.events import Event, EventInvalid, check

STREAM = "events:journal"
FIELD = b"events"
# Counts every event ever put into the stream, so that a flusher knows how many wait without reading them.
ACCEPTED = "events:accepted"


def encode(events: Sequence[Event]) -> bytes:
    """A request's events as one entry: a JSON array."""
    return orjson.dumps([event.model_dump(mode="json") for event in events])


def decode(entry: bytes) -> list[Event]:
    """The events of an entry. Raises `EventInvalid` for an entry nobody of ours wrote."""
    try:
        return [check(Event.model_validate(event)) for event in orjson.loads(entry)]
    except EventInvalid:
        raise
    except (ValueError, TypeError) as error:
        raise EventInvalid("entry_invalid", f"journal entry can't be read: {error}") from error
