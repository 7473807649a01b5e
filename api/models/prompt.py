"""What is sold: prompts and their versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Identified, Model, Timestamped


class Prompt(Identified, Timestamped, Model):
    """A prompt as listed; its text lives in its versions."""

    __tablename__ = "prompts"

    seller_organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    created_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    external_id: Mapped[str | None] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=text("''"))
    category: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    price_cents: Mapped[int]
    currency: Mapped[str]
    model: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=text("'draft'"))
    current_version: Mapped[int] = mapped_column(server_default=text("1"))
    published_at: Mapped[datetime | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class PromptVersion(Identified, Model):
    """One immutable text of a prompt, byte for byte as given."""

    __tablename__ = "prompt_versions"
    __table_args__ = (UniqueConstraint("prompt_id", "version"),)

    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id"))
    version: Mapped[int]
    template: Mapped[str]
    variables: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    change_note: Mapped[str | None]
    created_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PromptStatistics(Model):
    """Counts the database's triggers keep as orders complete and are refunded; never written by the service."""

    __tablename__ = "prompt_statistics"

    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id"), primary_key=True)
    order_count: Mapped[int] = mapped_column(FetchedValue())
    refund_count: Mapped[int] = mapped_column(FetchedValue())
    last_ordered_at: Mapped[datetime | None] = mapped_column(FetchedValue())
