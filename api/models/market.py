"""What everybody may see of the market. Kept by triggers as prompts and organizations change."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, deferred, mapped_column

from api.models.base import Model


class ListedPrompt(Model):
    """A prompt that is for sale, with what it is searched and sorted by."""

    __tablename__ = "listed_prompts"
    private_columns = frozenset({"search_vector"})

    id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"), FetchedValue(), primary_key=True)
    seller_organization_id: Mapped[UUID]
    title: Mapped[str]
    category: Mapped[str | None]
    tags: Mapped[list[str]]
    price_cents: Mapped[int]
    currency: Mapped[str]
    published_at: Mapped[datetime]
    search_vector: Mapped[str] = deferred(mapped_column(TSVECTOR, nullable=False))


class Seller(Model):
    """A company whose prompts are or were on the market, by the name everybody may know."""

    __tablename__ = "sellers"

    id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), FetchedValue(), primary_key=True
    )
    name: Mapped[str]
