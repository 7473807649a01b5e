"""Quick readers of events: for what is plainly well-formed, a tenth of the work that pydantic makes of it."""

import re
from collections.abc import Callable, Sequence
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


class LiveFields(_Fields, kw_only=True, forbid_unknown_fields=True, gc=False):
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


_LIVE = msgspec.json.Decoder(LiveFields)
_MANY_LIVE = msgspec.json.Decoder(list[LiveFields])
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
    """Reads what one client sends in one request.

    `source_of` says under which source an event is kept that names one, or none; None when it may not name that one.
    `clock_offset_ms` holds for events that do not say when they were sent. Ids are 16 bytes each.
    """

    def __init__(
        self,
        *,
        received_at: datetime,
        organization_id: bytes,
        user_id: bytes,
        source_of: Callable[[str | None], str | None],
        clock_offset_ms: int | None = None,
        agent: Agent | None = None,
    ) -> None:
        self.received_at = received_at
        self.organization_id = organization_id
        self.user_id = user_id
        self.clock_offset_ms = clock_offset_ms
        self.agent = agent
        self._latest = received_at + timedelta(seconds=LATEST_EVENT_AHEAD_SECONDS)
        self._oldest = max(received_at - timedelta(days=LIVE_EVENT_MAX_AGE_DAYS), EARLIEST_EVENT)
        self._source_of = source_of
        # A sender names few, and each is looked at once.
        self._sources: dict[str | None, str | None] = {}

    def sources(self) -> list[tuple[str | None, str]]:
        """What was named so far as a source, and what is kept in its place."""
        return [(named, source) for named, source in self._sources.items() if source is not None]

    def read(self, content: bytes) -> ReadyEvent | None:
        """The event of an envelope that is plainly well-formed, not odd, and no larger than `QUICK_MAX_BYTES`."""
        seen = self.look(content)
        return None if seen is None else self.ready(*seen)

    def ready(self, source: str, fields: "LiveFields") -> ReadyEvent:
        """The event of what `look` or `look_at_all` has seen."""
        offset_ms = self._offset_ms(fields)
        return assemble(
            source, fields.event_id, fields.event_name, fields.schema_version, _occurred_at(fields, offset_ms),
            self.received_at, self.organization_id, self.user_id, fields.anonymous_id, fields.session_id,
            fields.request_id, _bytes(fields.prompt_id), fields.properties, fields.sample_rate, offset_ms, self.agent,
        )  # fmt: skip

    def look(self, content: bytes) -> "tuple[str, LiveFields] | None":
        """The same, as far as is needed to know that it can be read: its source and fields."""
        try:
            fields = _LIVE.decode(content)
            rule = rule_of(fields.event_name)
            if rule is None or rule.is_server_only or (rule.needs_prompt and fields.prompt_id is None):
                return None
            if not self._oldest <= _occurred_at(fields, self._offset_ms(fields)) <= self._latest:
                return None
            if rule.properties is not None:
                msgspec.convert(fields.properties, rule.properties)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            return None
        source = self._source(fields.source)
        return None if source is None else (source, fields)

    def look_at_all(self, contents: Sequence[bytes]) -> "tuple[str, list[LiveFields]] | None":
        """The same of many with one source, at half the cost; None when one of them has to be looked at by itself."""
        try:
            fields = _MANY_LIVE.decode(b"[%b]" % b",".join(contents))
            if len(fields) != len(contents) or not self._are_in_time(fields):
                return None
            rules = {name: rule_of(name) for name in {each.event_name for each in fields}}
            for each in fields:
                rule = rules[each.event_name]
                if rule is None or rule.is_server_only or (rule.needs_prompt and each.prompt_id is None):
                    return None
                if rule.properties is not None:
                    msgspec.convert(each.properties, rule.properties)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            return None
        named, *others = {each.source for each in fields}
        source = None if others else self._source(named)
        return None if source is None else (source, fields)

    def _are_in_time(self, fields: "Sequence[LiveFields]") -> bool:
        """Whether all surely are. Of those that say when they were sent each has to be looked at by itself."""
        if any(each.sent_at is not UNSET for each in fields):
            return False
        moments = [each.occurred_at for each in fields]
        offset = timedelta(milliseconds=self.clock_offset_ms or 0)
        return self._oldest <= min(moments) + offset and max(moments) + offset <= self._latest

    def _source(self, named: str | None) -> str | None:
        try:
            return self._sources[named]
        except KeyError:
            source = self._sources[named] = self._source_of(named)
            return source

    def _offset_ms(self, fields: "LiveFields") -> int | None:
        if fields.sent_at is UNSET:
            return self.clock_offset_ms
        return None if fields.sent_at is None else clock_offset_ms(self.received_at, fields.sent_at)


def _occurred_at(fields: "LiveFields", offset_ms: int | None) -> datetime:
    return fields.occurred_at if offset_ms is None else fields.occurred_at + timedelta(milliseconds=offset_ms)


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
