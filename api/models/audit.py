"""Who did what, from where."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Model


class AuditEntry(Model):
    """An administrative or money action. Append-only; people are named by their `subject_id`."""

    __tablename__ = "audit_log"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # Null where the platform acted by itself, as on a message of the payment provider.
    actor_subject_id: Mapped[UUID | None]
    actor_role: Mapped[str | None]
    actor_organization_id: Mapped[UUID | None]
    api_key_id: Mapped[UUID | None]
    # object.past_verb
    action: Mapped[str]
    object_type: Mapped[str]
    # A user is named by its subject_id here too.
    object_id: Mapped[str]
    # Whose object it is.
    organization_id: Mapped[UUID | None]
    old_value: Mapped[dict[str, Any] | None]
    new_value: Mapped[dict[str, Any] | None]


class AuditOrigin(Model):
    """Where an action came from. Goes with the person it belongs to."""

    __tablename__ = "audit_origins"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("audit_log.id"), primary_key=True)
    subject_id: Mapped[UUID | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    request_id: Mapped[str | None]
