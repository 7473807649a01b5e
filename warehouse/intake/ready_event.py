"""An event as it is stored: found well-formed, with what it is known by, in the order of the columns."""

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import orjson
from msgspec import Meta, Struct

from warehouse.events import Agent, Event
from warehouse.intake.fingerprint import hash_id, hash_payload, payload_hash

# A UUID as Postgres holds it. Making objects of them costs more than all else that is done with most.
Id = Annotated[bytes, Meta(min_length=16, max_length=16)]
# An import names thousands of prompts and users again and again.
REMEMBERED_IDS = 65_536


class ReadyEvent(Struct, array_like=True, frozen=True, gc=False):
    """One row of `raw_events`, but for what storing finds out. Times are in UTC.

    `id` and `payload_hash` go to `event_ids`. `properties` are JSON. The journal holds its fields as an array: a new
    one comes last and has a default, so that what waits there while a new version starts can be read.
    """

    id: Id
    payload_hash: Id
    source: str
    event_id: str
    event_name: str
    schema_version: int
    occurred_at: datetime
    received_at: datetime
    organization_id: Id | None
    user_id: Id | None
    anonymous_id: str | None
    session_id: str | None
    request_id: str | None
    prompt_id: Id | None
    properties: bytes
    sample_rate: float | None
    clock_offset_ms: int | None
    agent: Agent | None


def make_ready(
    *,
    source: str,
    event_id: str,
    event_name: str,
    occurred_at: datetime,
    received_at: datetime,
    properties: dict[str, Any],
    schema_version: int = 1,
    organization_id: bytes | None = None,
    user_id: bytes | None = None,
    anonymous_id: str | None = None,
    session_id: str | None = None,
    request_id: str | None = None,
    prompt_id: bytes | None = None,
    sample_rate: float | None = None,
    clock_offset_ms: int | None = None,
    agent: Agent | None = None,
) -> ReadyEvent:
    """An event of fields that are known to be well-formed; ids are 16 bytes each. Computes what it is known by."""
    return assemble(
        source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id, anonymous_id,
        session_id, request_id, prompt_id, properties, sample_rate, clock_offset_ms, agent,
    )  # fmt: skip


def assemble(
    source: str,
    event_id: str,
    event_name: str,
    schema_version: int,
    occurred_at: datetime,
    received_at: datetime,
    organization_id: bytes | None,
    user_id: bytes | None,
    anonymous_id: str | None,
    session_id: str | None,
    request_id: str | None,
    prompt_id: bytes | None,
    properties: dict[str, Any],
    sample_rate: float | None,
    clock_offset_ms: int | None,
    agent: Agent | None,
) -> ReadyEvent:
    """`make_ready` of the fields in the order of the row: handing over that many names takes longer than a hash."""
    if occurred_at.tzinfo is not UTC:
        occurred_at = occurred_at.astimezone(UTC)
    payload: dict[str, Any] = {
        "event_name": event_name,
        "schema_version": schema_version,
        "occurred_at": occurred_at - timedelta(milliseconds=clock_offset_ms) if clock_offset_ms else occurred_at,
        "properties": properties,
    }
    if organization_id is not None:
        payload["organization_id"] = uuid_text(organization_id)
    if user_id is not None:
        payload["user_id"] = uuid_text(user_id)
    if prompt_id is not None:
        payload["prompt_id"] = uuid_text(prompt_id)
    if anonymous_id is not None:
        payload["anonymous_id"] = anonymous_id
    if session_id is not None:
        payload["session_id"] = session_id
    if request_id is not None:
        payload["request_id"] = request_id
    if sample_rate is not None:
        payload["sample_rate"] = sample_rate
    return ReadyEvent(
        hash_id(source, event_id), hash_payload(payload), source, event_id, event_name, schema_version, occurred_at,
        received_at, organization_id, user_id, anonymous_id, session_id, request_id, prompt_id,
        orjson.dumps(properties), sample_rate, clock_offset_ms, agent,
    )  # fmt: skip


def ready(event: Event) -> ReadyEvent:
    """An event that `warehouse.events.check` has found well-formed."""
    return ReadyEvent(
        hash_id(event.source, event.event_id), payload_hash(event).bytes, event.source, event.event_id,
        event.event_name, event.schema_version, event.occurred_at.astimezone(UTC), event.received_at.astimezone(UTC),
        _bytes(event.organization_id), _bytes(event.user_id), event.anonymous_id, event.session_id, event.request_id,
        _bytes(event.prompt_id), orjson.dumps(event.properties), event.sample_rate, event.clock_offset_ms, event.agent,
    )  # fmt: skip


def event_of(row: ReadyEvent) -> Event:
    """The event again, with all that can be done with one. It was checked before."""
    return Event.model_construct(
        event_id=row.event_id,
        source=row.source,
        event_name=row.event_name,
        schema_version=row.schema_version,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        organization_id=_uuid(row.organization_id),
        user_id=_uuid(row.user_id),
        anonymous_id=row.anonymous_id,
        session_id=row.session_id,
        request_id=row.request_id,
        prompt_id=_uuid(row.prompt_id),
        properties=orjson.loads(row.properties),
        sample_rate=row.sample_rate,
        clock_offset_ms=row.clock_offset_ms,
        agent=row.agent,
    )


def as_raw(value: Any) -> bytes:
    """JSON as it is kept in quarantine: escaped to ASCII, so that anything sent can be.

    The same from whoever refuses it, so that what is refused twice is kept once.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode()


def as_json(row: ReadyEvent) -> bytes:
    """An event as it is kept in quarantine, without the time it was received, so that a repetition is the same."""
    return as_raw(event_of(row).model_dump(mode="json", exclude={"received_at"}))


@lru_cache(maxsize=REMEMBERED_IDS)
def uuid_text(raw: bytes) -> str:
    """The text of a UUID, which is what is hashed."""
    return str(UUID(bytes=raw))


def _bytes(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


def _uuid(raw: bytes | None) -> UUID | None:
    return None if raw is None else UUID(bytes=raw)
