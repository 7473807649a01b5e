"""The Redis stream that is the journal: its name and the form of its entries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import msgspec
import orjson

from warehouse.events import Event, EventInvalid, check
from warehouse.intake import Arrival, ReadyEvent, SentBatch, SentEvent, WrittenEventReader, ready

STREAM = "events:journal"
# Events as others sent them, found well-formed.
SENT_FIELD = b"sent"
# Events as they are stored, with what they are known by: such of others as had to be looked at closely.
ROWS_FIELD = b"rows"
# Events as their envelopes in JSON: the service's own, and what an earlier version wrote.
FIELD = b"events"
# How many events the request brought that had been accepted before; they are not in the entry, but they came.
DUPLICATES_FIELD = b"duplicates"
# Where the ids of the entry are remembered until they are stored (see `recent`).
RECENT_FIELD = b"recent"
# Counts every event ever put into the stream, so that a flusher knows how many wait without reading them.
ACCEPTED = "events:accepted"
# Counts what services had to leave out of their own events, ever, because neither Redis nor Postgres took them.
DROPPED = "events:dropped"

_ENCODER = msgspec.msgpack.Encoder()
_SENT = msgspec.msgpack.Decoder(SentBatch)
_ROWS = msgspec.msgpack.Decoder(list[ReadyEvent])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


# No request brings a number with more; the ledger could not hold some of those that somebody makes up.
MOST_DIGITS = 9


@dataclass(frozen=True)
class Entry:
    """What one request brought: its events as they stand in the stream, and how many duplicates came with them."""

    stream_id: str
    field: bytes
    content: bytes
    duplicates: int = 0
    recent: str | None = None

    def read(self) -> list[ReadyEvent]:
        """The events of the entry. Raises `EventInvalid` for one nobody of ours wrote."""
        return _READERS[self.field](self.content)


def read_entry(stream_id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    """An entry as Redis gives it, whoever wrote it."""
    duplicates = fields.get(DUPLICATES_FIELD, b"")
    recent = fields.get(RECENT_FIELD)
    field = next((each for each in (SENT_FIELD, ROWS_FIELD) if each in fields), FIELD)
    return Entry(
        stream_id.decode(),
        field,
        # What a later version wrote goes into quarantine with all that stands in it.
        fields[field] if field in fields else _ENCODER.encode(list(fields.items())),
        int(duplicates) if len(duplicates) <= MOST_DIGITS and duplicates.isdigit() else 0,
        None if recent is None else recent.decode("utf-8", "replace"),
    )


def encode(events: Sequence[Arrival]) -> tuple[bytes, bytes]:
    """A request's events, all of one kind, as one entry: the field they stand in, and what stands there."""
    if events and isinstance(events[0], SentEvent):
        return SENT_FIELD, _ENCODER.encode(SentBatch.of(cast("Sequence[SentEvent]", events)))
    return ROWS_FIELD, encode_rows(cast("Sequence[ReadyEvent]", events))


def encode_rows(events: Sequence[ReadyEvent]) -> bytes:
    """Events that are ready, for an entry."""
    return _ENCODER.encode(events)


def decode_sent(content: bytes) -> list[ReadyEvent]:
    """The events of such an entry: what wrote it had looked at them. Raises `EventInvalid`."""
    try:
        return _SENT.decode(content).read()
    except EventInvalid:
        raise
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise EventInvalid("entry_invalid", f"journal entry can't be read: {error}") from error


def decode_rows(content: bytes) -> list[ReadyEvent]:
    """The events of such an entry: what wrote it had checked them. Raises `EventInvalid`."""
    try:
        return _ROWS.decode(content)
    except (msgspec.MsgspecError, ValueError) as error:
        raise EventInvalid("entry_invalid", f"journal entry can't be read: {error}") from error


def encode_fields(event: Mapping[str, Any]) -> bytes:
    """One event that is known to be well-formed, given as the fields of its envelope; for `join`."""
    return orjson.dumps(event)


def join(events: Sequence[bytes]) -> bytes:
    """An entry of events that are encoded each."""
    return b"[" + b",".join(events) + b"]"


def decode(content: bytes) -> list[ReadyEvent]:
    """The events of a JSON array of envelopes, each of them checked. Raises `EventInvalid`."""
    try:
        return [_read(bytes(each)) for each in _LIST.decode(content)]
    except EventInvalid:
        raise
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise EventInvalid("entry_invalid", f"journal entry can't be read: {error}") from error


_reader = WrittenEventReader()


def _read(content: bytes) -> ReadyEvent:
    return _reader.read(content) or ready(check(Event.model_validate(orjson.loads(content))))


_READERS: Mapping[bytes, Callable[[bytes], list[ReadyEvent]]] = MappingProxyType(
    {SENT_FIELD: decode_sent, ROWS_FIELD: decode_rows, FIELD: decode}
)
