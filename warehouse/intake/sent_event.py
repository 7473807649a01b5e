"""Events as a client sent them: found well-formed and known by their ids, and made ready by whoever stores them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from msgspec import Struct

from warehouse.events import Agent, EventInvalid
from warehouse.intake.fingerprint import hash_id, hash_ids
from warehouse.intake.reading import LiveEventReader
from warehouse.intake.ready_event import Id, ReadyEvent


class SentEvent(Struct, frozen=True, gc=False):
    """What has to be known of an event to accept it. To find out the rest takes twice as long, and can wait."""

    id: Id
    source: str
    event_id: str
    prompt_id: Id | None
    content: bytes
    reader: LiveEventReader

    @property
    def payload_hash(self) -> bytes:
        """Found out each time it is asked for, which is when the id was seen before."""
        return self.ready().payload_hash

    def ready(self) -> ReadyEvent:
        """The event as it is stored."""
        return _read(self.reader, self.content)


# On its way into the journal: whatever was not plain had to be made ready to be looked at.
Arrival = ReadyEvent | SentEvent


def make_arrival_ready(event: Arrival) -> ReadyEvent:
    """The event as it is stored."""
    return event.ready() if isinstance(event, SentEvent) else event


def look_at(content: bytes, reader: LiveEventReader) -> SentEvent | None:
    """An event of which `reader` would read all; None for others."""
    seen = reader.look(content)
    if seen is None:
        return None
    source, fields = seen
    return SentEvent(
        hash_id(source, fields.event_id),
        source,
        fields.event_id,
        None if fields.prompt_id is None else fields.prompt_id.bytes,
        content,
        reader,
    )


def look_at_all(contents: Sequence[bytes], reader: LiveEventReader) -> list[SentEvent] | None:
    """Events of which `reader` would read all; None when one has to be looked at by itself."""
    seen = reader.look_at_all(contents) if contents else None
    if seen is None:
        return None
    source, fields = seen
    ids = hash_ids(source, [each.event_id for each in fields])
    return [
        SentEvent(
            known_by, source, each.event_id, None if each.prompt_id is None else each.prompt_id.bytes, content, reader
        )
        for known_by, each, content in zip(ids, fields, contents, strict=True)
    ]


class SentBatch(Struct, array_like=True, frozen=True, gc=False):
    """Events of one request as the journal holds them: what they say, and what the server says of all of them.

    A new field comes last and has a default, so that what waits in the journal while a new version starts can be read.
    """

    received_at: datetime
    organization_id: Id
    user_id: Id
    # Of events that do not say when they were sent.
    clock_offset_ms: int | None
    agent: Agent | None
    # Under which source those are kept that name one, or none.
    sources: list[tuple[str | None, str]]
    contents: list[bytes]

    @classmethod
    def of(cls, events: Sequence[SentEvent]) -> Self:
        """Events that were read by the same reader."""
        reader = events[0].reader
        return cls(
            reader.received_at, reader.organization_id, reader.user_id, reader.clock_offset_ms, reader.agent,
            reader.sources(), [event.content for event in events],
        )  # fmt: skip

    def read(self) -> list[ReadyEvent]:
        """The events as they are stored. Raises `EventInvalid` when one was not written by `of`."""
        reader = LiveEventReader(
            received_at=self.received_at,
            organization_id=self.organization_id,
            user_id=self.user_id,
            source_of=dict(self.sources).get,
            clock_offset_ms=self.clock_offset_ms,
            agent=self.agent,
        )
        seen = reader.look_at_all(self.contents) if self.contents else None
        if seen is None:
            return [_read(reader, content) for content in self.contents]
        source, many = seen
        return [reader.ready(source, fields) for fields in many]


def _read(reader: LiveEventReader, content: bytes) -> ReadyEvent:
    event = reader.read(content)
    if event is None:
        raise EventInvalid("entry_invalid", "an event was accepted that can't be read")
    return event
