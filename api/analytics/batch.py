"""Turns what a client sent into events, one by one: a bad event costs itself alone. Pure, so it runs in a thread."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from api.analytics.body import Parts, read_body, read_json, split_body, with_sent_at
from api.analytics.envelope import as_raw, read_envelope, seal, source_of
from api.analytics.errors import EventBatchTooLarge
from api.auth.identity import Identity
from api.errors import BodyMalformed
from warehouse.events import Agent, EventInvalid
from warehouse.intake import QUICK_MAX_BYTES, LiveEventReader, ReadyEvent, as_plain, is_odd, read_moment, ready

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
        self.refused.append(Refused(index, as_raw(as_plain(self.events.pop(index))), reason, detail))


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


def read_batch(
    body: bytes, user: Identity, *, received_at: datetime, max_events: int, agent: Agent | None = None
) -> Batch:
    """The events of a body. Raises `BodyMalformed`, `EventBatchMalformed` or `EventBatchTooLarge`.

    `sent_at` beside the list holds for every event that does not say its own.
    """
    sending = _Sending(user, received_at, agent)
    parts = split_body(body)
    if parts is not None and len(parts.events) <= max_events:
        batch = _read_parts(parts, sending, may_be_odd=is_odd(body))
        if batch is not None:
            return batch
    return _read_slowly(body, sending, max_events)


def _read_slowly(body: bytes, sending: _Sending, max_events: int) -> Batch:
    envelopes = read_body(body)
    if len(envelopes) > max_events:
        raise EventBatchTooLarge(len(envelopes), max_events)
    batch = Batch({}, [])
    for index, envelope in enumerate(envelopes):
        sending.take(batch, index, envelope)
    return batch


def _read_parts(parts: Parts, sending: _Sending, *, may_be_odd: bool) -> Batch | None:
    """The events of a list: quickly those that are plain, slowly the others. None when the body is no JSON at all."""
    try:
        reader = sending.quick_reader(None if parts.sent_at is None else read_moment(parts.sent_at))
        beside = {} if parts.sent_at is None else {"sent_at": read_json(parts.sent_at)}
        batch = Batch({}, [])
        for index, content in enumerate(parts.events):
            is_plain = len(content) <= QUICK_MAX_BYTES and not (may_be_odd and is_odd(content))
            event = reader.read(content) if is_plain else None
            if event is not None:
                batch.events[index] = event
            else:
                sending.take(batch, index, with_sent_at(read_json(content), beside))
    except (BodyMalformed, msgspec.MsgspecError, ValueError):
        return None
    return batch
