"""Turns what a client sent into events, one by one: a bad event costs itself alone. Pure, so it runs in a thread."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from api.analytics.body import Parts, read_body, read_json, split_body, with_sent_at
from api.analytics.envelope import read_envelope, seal, source_of
from api.analytics.errors import EventBatchTooLarge
from api.auth.identity import Identity
from api.errors import BodyMalformed
from warehouse.events import Agent, EventInvalid, clock_offset_ms
from warehouse.intake import (
    QUICK_MAX_BYTES,
    Arrival,
    LiveEventReader,
    as_json,
    as_raw,
    is_odd,
    look_at,
    look_at_all,
    make_arrival_ready,
    read_moment,
    ready,
)


@dataclass(frozen=True)
class Refused:
    """An event that is not taken.

    `raw` is the event as JSON with the fields that are the server's to say, because it may be replayed when nobody
    knows any more who sent it. It is escaped to ASCII, so that anything sent can be kept.
    """

    index: int
    raw: bytes
    reason: str
    detail: str


@dataclass(frozen=True)
class Batch:
    """The events of one request by their index in it: as they were sent, where all is plain, or ready to be stored."""

    events: dict[int, Arrival]
    refused: list[Refused]

    def refuse(self, index: int, reason: str, detail: str) -> None:
        """Move an event to the refused ones."""
        event = self.events.pop(index)
        self.refused.append(Refused(index, as_json(make_arrival_ready(event)), reason, detail))


@dataclass(frozen=True)
class _Sending:
    """Who sent something, with what, and when it came."""

    user: Identity
    received_at: datetime
    agent: Agent | None

    def take(self, events: dict[int, Arrival], refused: list[Refused], index: int, envelope: Any) -> None:
        """Put an event of any kind among the events or the refused. This alone decides what is refused."""
        try:
            event = read_envelope(envelope, self.user, received_at=self.received_at)
            events[index] = ready(event.model_copy(update={"agent": self.agent}))
        except EventInvalid as error:
            refused.append(Refused(index, as_raw(seal(envelope, self.user)), error.reason, str(error)))

    def quick_reader(self, sent_at: datetime | None) -> LiveEventReader:
        """A reader of what is plainly well-formed."""
        return LiveEventReader(
            received_at=self.received_at,
            organization_id=self.user.organization_id.bytes,
            user_id=self.user.user_id.bytes,
            source_of=lambda named: source_of(named, self.user),
            clock_offset_ms=None if sent_at is None else clock_offset_ms(self.received_at, sent_at),
            agent=self.agent,
        )


@dataclass(frozen=True)
class Begun:
    """A body of which what is plainly well-formed was read. `finish` looks at the rest."""

    body: bytes
    sending: _Sending
    max_events: int
    read: dict[int, Arrival]
    # Events not yet looked at, by their index; None when that is all of the body.
    rest: list[tuple[int, bytes]] | None
    beside: dict[str, Any]

    @property
    def batch(self) -> Batch | None:
        """The events as they were sent, when nothing is left to look at."""
        return Batch(self.read, []) if self.rest == [] else None

    def finish(self) -> Batch:
        """All of the body, ready to be stored. Slow, so it runs in a thread. Raises as `read_batch` does."""
        if self.rest is None:
            return self._read_slowly()
        events: dict[int, Arrival] = {index: make_arrival_ready(event) for index, event in self.read.items()}
        refused: list[Refused] = []
        try:
            for index, content in self.rest:
                self.sending.take(events, refused, index, with_sent_at(read_json(content), self.beside))
        except BodyMalformed:
            # The message is about the whole body.
            return self._read_slowly()
        return Batch(dict(sorted(events.items())), refused)

    def _read_slowly(self) -> Batch:
        envelopes = read_body(self.body)
        if len(envelopes) > self.max_events:
            raise EventBatchTooLarge(len(envelopes), self.max_events)
        events: dict[int, Arrival] = {}
        refused: list[Refused] = []
        for index, envelope in enumerate(envelopes):
            self.sending.take(events, refused, index, envelope)
        return Batch(events, refused)


def read_batch(
    body: bytes, user: Identity, *, received_at: datetime, max_events: int, agent: Agent | None = None
) -> Batch:
    """The events of a body. Raises `BodyMalformed`, `EventBatchMalformed` or `EventBatchTooLarge`.

    `sent_at` beside the list holds for every event that does not say its own.
    """
    return begin_batch(body, user, received_at=received_at, max_events=max_events, agent=agent).finish()


def begin_batch(
    body: bytes, user: Identity, *, received_at: datetime, max_events: int, agent: Agent | None = None
) -> Begun:
    """Read what is plainly well-formed, which takes a few microseconds an event, and leave the rest."""
    sending = _Sending(user, received_at, agent)
    parts = split_body(body)
    nothing = Begun(body, sending, max_events, {}, None, {})
    if parts is None or len(parts.events) > max_events:
        return nothing
    try:
        reader = sending.quick_reader(None if parts.sent_at is None else read_moment(parts.sent_at))
        beside = {} if parts.sent_at is None else {"sent_at": read_json(parts.sent_at)}
    except (BodyMalformed, msgspec.MsgspecError, ValueError):
        return nothing
    read, rest = _read_parts(parts, reader, may_be_odd=is_odd(body))
    if rest and parts.is_bare:
        return nothing
    return Begun(body, sending, max_events, read, rest, beside)


def _read_parts(
    parts: Parts, reader: LiveEventReader, *, may_be_odd: bool
) -> tuple[dict[int, Arrival], list[tuple[int, bytes]]]:
    if not may_be_odd and max(map(len, parts.events), default=0) <= QUICK_MAX_BYTES:
        # The usual batch.
        together = look_at_all(parts.events, reader)
        if together is not None:
            return dict(enumerate(together)), []
    events: dict[int, Arrival] = {}
    rest: list[tuple[int, bytes]] = []
    for index, content in enumerate(parts.events):
        is_plain = len(content) <= QUICK_MAX_BYTES and not (may_be_odd and is_odd(content))
        event = look_at(content, reader) if is_plain else None
        if event is None:
            rest.append((index, content))
        else:
            events[index] = event
    return events, rest
