"""Reviews, what the platform decided against organizations, and appeals."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func
from sqlalchemy import text as literal_sql
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Identified, Model, Timestamped


class Review(Identified, Timestamped, Model):
    """What a user of an organization that bought a prompt thinks of it."""

    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("prompt_id", "user_id"),)

    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(server_default=literal_sql("''"))
    hidden_at: Mapped[datetime | None]


class Decision(Identified, Timestamped, Model):
    """What the platform decided against an organization, with the reasons. The database keeps its rules."""

    __tablename__ = "decisions"

    kind: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    prompt_id: Mapped[UUID | None] = mapped_column(ForeignKey("prompts.id"))
    review_id: Mapped[UUID | None] = mapped_column(ForeignKey("reviews.id", ondelete="SET NULL"))
    reason: Mapped[str]
    ground: Mapped[str]
    rule: Mapped[str]
    facts: Mapped[str]
    detected_by: Mapped[str]
    is_automated: Mapped[bool] = mapped_column(server_default=literal_sql("false"))
    # Whether ending a takedown puts the prompt back on the market.
    was_published: Mapped[bool] = mapped_column(server_default=literal_sql("false"))
    status: Mapped[str] = mapped_column(server_default=literal_sql("'in_force'"))
    decided_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ends_at: Mapped[datetime | None]
    ended_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class Appeal(Identified, Timestamped, Model):
    """An organization's objection to a decision, and what became of it."""

    __tablename__ = "appeals"

    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decisions.id"), unique=True)
    text: Mapped[str]
    appealed_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    appealed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[str] = mapped_column(server_default=literal_sql("'open'"))
    resolved_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None]
