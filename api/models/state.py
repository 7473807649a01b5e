"""What prompts and organizations were, from when on: kept by the database's triggers, never written by the service."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Model


class PromptState(Model):
    """A prompt as it was from `valid_from` until its next state began; the last one holds now."""

    __tablename__ = "prompt_states"

    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(FetchedValue(), primary_key=True)
    title: Mapped[str]
    category: Mapped[str | None]
    price_cents: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    current_version: Mapped[int]
    valid_from: Mapped[datetime]


class OrganizationState(Model):
    """An organization as it was from `valid_from` until its next state began."""

    __tablename__ = "organization_states"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(FetchedValue(), primary_key=True)
    name: Mapped[str]
    valid_from: Mapped[datetime]
