"""Queries and answers of browsing and searching. Prices are minor units of their currency."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.pagination import LONGEST_CURSOR, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from api.schema import CurrencyCode, Page, ResponseBody

Sort = Literal["newest", "price_low", "price_high", "popular"]
Cents = Annotated[int, Field(ge=0, lt=2**63)]
Words = Annotated[str, Field(min_length=1, max_length=100)]


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class CatalogFilter(BaseModel):
    """Which prompts are wanted. Any other parameter is refused, so that a misspelt filter does not show everything."""

    model_config = ConfigDict(extra="forbid")

    category: Words | None = None
    tag: Words | None = None
    seller: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="The id of the selling organization, or its name"
    )
    min_price_cents: Cents | None = None
    max_price_cents: Cents | None = None
    currency: Annotated[CurrencyCode, BeforeValidator(_upper)] | None = Field(
        None, description="ISO 4217. Prices of different currencies are compared by number alone: name one to compare"
    )
    cursor: str | None = Field(None, max_length=LONGEST_CURSOR, description="`next_cursor` of the page before")
    limit: int = Field(PAGE_SIZE_DEFAULT, ge=1, le=PAGE_SIZE_MAX, description="Items on a page")

    def wanted(self) -> dict[str, str | int]:
        """The filters that are set."""
        return self.model_dump(exclude={"cursor", "limit", "sort", "q"}, exclude_none=True)


class BrowseQuery(CatalogFilter):
    """What to list, in which order."""

    sort: Sort = "newest"


class SearchQuery(CatalogFilter):
    """What to search for."""

    q: str = Field(
        min_length=1,
        max_length=500,
        description='Words, "phrases", `or`, and `-` for without. Where nothing matches, titles that look alike count',
    )


class Statistics(ResponseBody):
    """What became of a prompt up to this moment, unlike figures of analytics, which say `as_of` when they hold."""

    order_count: int
    refund_count: int


class ListedPrompt(ResponseBody):
    """A prompt in a list, at its position (from 1, going on over pages)."""

    id: UUID
    prompt_id: UUID = Field(description="The same as `id`, by the name purchases and events know it")
    position: int
    title: str
    description: str
    category: str | None
    tags: list[str]
    price_cents: int
    currency: str
    model: str | None
    current_version: int
    seller_organization_id: UUID
    seller_name: str
    published_at: datetime
    statistics: Statistics
    score: float | None = Field(None, description="How well it fits what was searched for")


class ServedPage(Page[ListedPrompt]):
    """Part of a list. Send `receipt_id` with clicks and purchases, so that they are known to come from it."""

    receipt_id: str


class CategoryCount(ResponseBody):
    """A category and how many prompts of it are for sale."""

    category: str
    prompt_count: int
