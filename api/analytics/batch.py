"""Turns what a client sent into events, one by one: a bad event costs itself alone. Pure, so it runs in a thread."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from api.analytics.body import Parts, read_body, read_json, split_body, with_sent_at
from api.analytics.envelope import read_envelope, seal, source_of
from api.analytics.errors import EventBatchTooLarge
from api.auth.identity import Identity
from api.errors import BodyMalformed
from warehouse.events import Agent, EventInvalid
from warehouse.intake import QUICK_MAX_BYTES, LiveEventReader, ReadyEvent, as_json, as_raw, is_odd, read_moment, ready

# Of one request. A sender names few, and each is looked at once.
REMEMBERED_SOURCES = 64


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
    """The events of one request by their index in it."""

    events: dict[int, ReadyEvent]
    refused: list[Refused]

    def refuse(self, index: int, reason: str, detail: str) -> None:
        """Move an event to the refused ones."""
        self.refused.append(Refused(index, as_json(self.events.pop(index)), reason, detail))


@dataclass(frozen=True)
class _Sending:
    """Who sent something, with what, and when it came."""

    user: Identity
    received_at: datetime
    agent: Agent | None

    def take(self, batch: Batch, index: int, envelope: Any) -> None:
        """Put an event of any kind into the batch, or refuse it. This alone decides what is refused."""
        try:
            event = read_envelope(envelope, self.user, received_at=self.received_at)
            batch.events[index] = ready(event.model_copy(update={"agent": self.agent}))
        except EventInvalid as error:
            batch.refused.append(Refused(index, as_raw(seal(envelope, self.user)), error.reason, str(error)))

    def quick_reader(self, sent_at: datetime | None) -> LiveEventReader:
        """A reader of what is plainly well-formed."""
        return LiveEventReader(
            received_at=self.received_at,
            organization_id=self.user.organization_id,
            user_id=self.user.user_id,
            source_of=lru_cache(REMEMBERED_SOURCES)(lambda named: source_of(named, self.user)),
            sent_at=sent_at,
            agent=self.agent,
        )


@dataclass(frozen=True)
class Begun:
    """A body of which what is plainly well-formed was read. `finish` looks at the rest."""

    body: bytes
    sending: _Sending
    max_events: int
    batch: Batch
    # Events not yet looked at, by their index; None when that is all of the body.
    rest: list[tuple[int, bytes]] | None
    beside: dict[str, Any]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to look at."""
        return self.rest == []

    def finish(self) -> Batch:
        """All of the body. Slow, so it runs in a thread. Raises as `read_batch` does."""
        if self.rest is None:
            return self._read_slowly()
        read = Batch(dict(self.batch.events), [])
        try:
            for index, content in self.rest:
                self.sending.take(read, index, with_sent_at(read_json(content), self.beside))
        except BodyMalformed:
            # The message is about the whole body.
            return self._read_slowly()
        return Batch(dict(sorted(read.events.items())), read.refused)

    def _read_slowly(self) -> Batch:
        envelopes = read_body(self.body)
        if len(envelopes) > self.max_events:
            raise EventBatchTooLarge(len(envelopes), self.max_events)
        batch = Batch({}, [])
        for index, envelope in enumerate(envelopes):
            self.sending.take(batch, index, envelope)
        return batch


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
    nothing = Begun(body, sending, max_events, Batch({}, []), None, {})
    if parts is None or len(parts.events) > max_events:
        return nothing
    try:
        reader = sending.quick_reader(None if parts.sent_at is None else read_moment(parts.sent_at))
        beside = {} if parts.sent_at is None else {"sent_at": read_json(parts.sent_at)}
    except (BodyMalformed, msgspec.MsgspecError, ValueError):
        return nothing
    batch, rest = _read_parts(parts, reader, may_be_odd=is_odd(body))
    if rest and parts.is_bare:
        return nothing
    return Begun(body, sending, max_events, batch, rest, beside)


def _read_parts(parts: Parts, reader: LiveEventReader, *, may_be_odd: bool) -> tuple[Batch, list[tuple[int, bytes]]]:
    events: dict[int, ReadyEvent] = {}
    rest: list[tuple[int, bytes]] = []
    for index, content in enumerate(parts.events):
        is_plain = len(content) <= QUICK_MAX_BYTES and not (may_be_odd and is_odd(content))
        event = reader.read(content) if is_plain else None
        if event is None:
            rest.append((index, content))
        else:
            events[index] = event
    return Batch(events, []), rest
