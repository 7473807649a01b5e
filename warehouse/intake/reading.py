"""Quick readers of events: for what is plainly well-formed, a tenth of the work that pydantic makes of it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from warehouse.events import (
    EARLIEST_EVENT,
    EVENT_MAX_BYTES,
    LATEST_EVENT_AHEAD_SECONDS,
    LIVE_EVENT_MAX_AGE_DAYS,
    Agent,
    clock_offset_ms,
)
from warehouse.intake.quick_rule import Integer, QuickObject, rule_of
from warehouse.intake.ready_event import ReadyEvent, assemble, make_ready

# Escaped to ASCII, no character of JSON takes more than six bytes: what is smaller needs no measuring.
QUICK_MAX_BYTES = EVENT_MAX_BYTES // 6
# What msgspec and pydantic do not understand alike: a NUL, which only an escape can bring; and digits of a second
# beyond microseconds, which one rounds and the other cuts, however they are written.
ODD_ESCAPE = re.compile(rb"\\u00(?:00|2[eE]|3[0-9aA])")
LONG_FRACTION = re.compile(rb"\.\d{7}")
FINE_TIME = re.compile(rb":\d\d\.\d{7}")

Text = Annotated[str, Meta(max_length=255)]
Identifier = Annotated[str, Meta(min_length=1, max_length=255)]
Moment = Annotated[datetime, Meta(tz=True)]


class _Fields(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What both envelopes hold, with the limits of `warehouse.events.Event`."""

    event_id: Identifier
    event_name: Text
    occurred_at: Moment
    schema_version: Annotated[int, Meta(ge=1, lt=2**15)] = 1
    anonymous_id: Text | None = None
    session_id: Text | None = None
    request_id: Text | None = None
    prompt_id: UUID | None = None
    properties: QuickObject = {}
    sample_rate: Annotated[float, Meta(gt=0, le=1)] | None = None


class _LiveFields(_Fields, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An envelope as a client sends it. One that says what is the server's to say is looked at slowly."""

    source: str | None = None
    sent_at: Moment | UnsetType | None = UNSET


class _WrittenFields(_Fields, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An envelope as the server writes it."""

    source: Identifier
    received_at: Moment
    organization_id: UUID | None = None
    user_id: UUID | None = None
    clock_offset_ms: Integer | None = None
    agent: Agent | None = None


_LIVE = msgspec.json.Decoder(_LiveFields)
_WRITTEN = msgspec.json.Decoder(_WrittenFields)
_MOMENT = msgspec.json.Decoder(Moment | None)


def read_moment(content: bytes) -> datetime | None:
    """A time with its zone, or null, as JSON. Raises `ValueError` for what has to be looked at slowly."""
    if is_odd(content):
        raise ValueError("this time has to be looked at slowly")
    moment: datetime | None = _MOMENT.decode(content)
    return moment


def is_odd(content: bytes) -> bool:
    """Whether JSON holds something in which msgspec and pydantic differ. May be asked of many events together."""
    # Looked for in steps: a single character is found a hundred times as fast as several, and most texts hold none.
    if b"\\" in content and b"\\u00" in content and ODD_ESCAPE.search(content):
        return True
    return LONG_FRACTION.search(content) is not None and FINE_TIME.search(content) is not None


class LiveEventReader:
    """Reads what one client sends in one request. `source_of` says under which source it is kept, None when it may not.

    `sent_at` holds for events that do not say their own.
    """

    def __init__(
        self,
        *,
        received_at: datetime,
        organization_id: UUID,
        user_id: UUID,
        source_of: Callable[[str | None], str | None],
        sent_at: datetime | None = None,
        agent: Agent | None = None,
    ) -> None:
        self._received_at = received_at
        self._latest = received_at + timedelta(seconds=LATEST_EVENT_AHEAD_SECONDS)
        self._oldest = max(received_at - timedelta(days=LIVE_EVENT_MAX_AGE_DAYS), EARLIEST_EVENT)
        self._organization_id = organization_id.bytes
        self._user_id = user_id.bytes
        self._source_of = source_of
        self._offset_ms = None if sent_at is None else clock_offset_ms(received_at, sent_at)
        self._agent = agent

    def read(self, content: bytes) -> ReadyEvent | None:
        """The event of an envelope that is plainly well-formed, not odd, and no larger than `QUICK_MAX_BYTES`."""
        try:
            fields = _LIVE.decode(content)
            return self._ready(fields)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            return None

    def _ready(self, fields: _LiveFields) -> ReadyEvent | None:
        offset_ms = self._offset_ms
        if fields.sent_at is not UNSET:
            offset_ms = None if fields.sent_at is None else clock_offset_ms(self._received_at, fields.sent_at)
        occurred_at = fields.occurred_at
        if offset_ms is not None:
            occurred_at += timedelta(milliseconds=offset_ms)
        source = self._source_of(fields.source)
        rule = rule_of(fields.event_name)
        if source is None or rule is None or rule.is_server_only or not self._oldest <= occurred_at <= self._latest:
            return None
        prompt_id = fields.prompt_id
        if prompt_id is None and rule.needs_prompt:
            return None
        if rule.properties is not None:
            msgspec.convert(fields.properties, rule.properties)
        return assemble(
            source, fields.event_id, fields.event_name, fields.schema_version, occurred_at, self._received_at,
            self._organization_id, self._user_id, fields.anonymous_id, fields.session_id, fields.request_id,
            None if prompt_id is None else prompt_id.bytes, fields.properties, fields.sample_rate, offset_ms,
            self._agent,
        )  # fmt: skip


class WrittenEventReader:
    """Reads complete envelopes, such as the journal holds of the service's own events."""

    def read(self, content: bytes) -> ReadyEvent | None:
        """The event of an envelope that is plainly well-formed; None when it has to be looked at slowly."""
        try:
            return None if is_odd(content) else self._ready(_WRITTEN.decode(content))
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            return None

    def _ready(self, fields: _WrittenFields) -> ReadyEvent | None:
        rule = rule_of(fields.event_name)
        latest = fields.received_at + timedelta(seconds=LATEST_EVENT_AHEAD_SECONDS)
        if rule is None or not EARLIEST_EVENT <= fields.occurred_at <= latest:
            return None
        if rule.needs_prompt and fields.prompt_id is None:
            return None
        if rule.properties is not None:
            msgspec.convert(fields.properties, rule.properties)
        return make_ready(
            source=fields.source,
            event_id=fields.event_id,
            event_name=fields.event_name,
            schema_version=fields.schema_version,
            occurred_at=fields.occurred_at,
            received_at=fields.received_at.astimezone(UTC),
            organization_id=_bytes(fields.organization_id),
            user_id=_bytes(fields.user_id),
            anonymous_id=fields.anonymous_id,
            session_id=fields.session_id,
            request_id=fields.request_id,
            prompt_id=_bytes(fields.prompt_id),
            properties=fields.properties,
            sample_rate=fields.sample_rate,
            clock_offset_ms=fields.clock_offset_ms,
            agent=fields.agent,
        )


def _bytes(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes
