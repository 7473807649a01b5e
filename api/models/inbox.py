"""What arrives from outside: webhook deliveries, events, and what could not be taken in."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Model


class WebhookMessage(Model):
    """A webhook as delivered: stored first, handled later, once."""

    __tablename__ = "webhook_inbox"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source: Mapped[str]
    external_id: Mapped[str]
    event_type: Mapped[str]
    body: Mapped[bytes]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    handled_at: Mapped[datetime | None]
    attempt_count: Mapped[int] = mapped_column(server_default=text("0"))
    # A message that could not be handled waits longer after each attempt.
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_error: Mapped[str | None]


class EventBatch(Model):
    """What became of a batch of events: received = stored + duplicate + quarantined."""

    __tablename__ = "event_batches"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    # journal, api, payments, quarantine, or the name of a file
    origin: Mapped[str]
    received_count: Mapped[int]
    stored_count: Mapped[int]
    duplicate_count: Mapped[int]
    quarantined_count: Mapped[int]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # The UTC days on which its events were received; null of what was stored before they were noted.
    first_received_on: Mapped[date | None]
    last_received_on: Mapped[date | None]


class EventId(Model):
    """An event that was ever stored: 128 bits of hash of its source and id, and of what it said."""

    __tablename__ = "event_ids"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payload_hash: Mapped[UUID | None]
    received_at: Mapped[datetime]


class RawEvent(Model):
    """An event as received. Append-only, in a partition for each day; `event_ids` keeps its id unique."""

    __tablename__ = "raw_events"

    source: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    event_name: Mapped[str]
    schema_version: Mapped[int]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    organization_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    anonymous_id: Mapped[str | None]
    session_id: Mapped[str | None]
    request_id: Mapped[str | None]
    prompt_id: Mapped[UUID | None]
    properties: Mapped[dict[str, Any]]
    batch_id: Mapped[int]
    # The share of such events that the sender sends; null is all of them.
    sample_rate: Mapped[float | None]
    # How far the sender's clock was behind the server's, where occurred_at was corrected by it.
    clock_offset_ms: Mapped[int | None]
    # browser, program or bot; null where no request told.
    agent: Mapped[str | None]
    # Whether the organization is the seller of the prompt, and whether the user is an operator.
    is_own: Mapped[bool] = mapped_column(server_default=text("false"))
    is_staff: Mapped[bool] = mapped_column(server_default=text("false"))


class QuarantinedRow(Model):
    """Something that could not be taken in, kept as it came with the reason."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("kind", "fingerprint"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    # catalog, events or orders
    kind: Mapped[str]
    # Where it came from: `api`, or a file's name and line.
    origin: Mapped[str]
    # SHA-256 of all that was sent, so that the same row twice is one row here.
    fingerprint: Mapped[bytes]
    # What was sent, or its beginning; `byte_count` is how much was sent.
    raw: Mapped[bytes]
    byte_count: Mapped[int]
    reason: Mapped[str]
    detail: Mapped[str]
    first_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    resolved_at: Mapped[datetime | None]
