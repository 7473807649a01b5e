"""Queries and answers of rankings."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.marketplace.catalog.schemas import ListedPrompt
from api.pagination import LONGEST_CURSOR, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from api.schema import Page, ResponseBody

Surface = Literal["top", "trending", "new", "category"]


class RankingQuery(BaseModel):
    """Which ranking."""

    model_config = ConfigDict(extra="forbid")

    surface: Surface = "top"
    category: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="Whose ranking; for surface=category, which needs one, and for no other"
    )
    cursor: str | None = Field(None, max_length=LONGEST_CURSOR, description="`next_cursor` of the page before")
    limit: int = Field(PAGE_SIZE_DEFAULT, ge=1, le=PAGE_SIZE_MAX, description="Items on a page")

    @model_validator(mode="after")
    def _category_goes_with_its_surface(self) -> Self:
        if self.surface == "category" and self.category is None:
            raise ValueError("surface=category needs a category")
        if self.surface != "category" and self.category is not None:
            raise ValueError(f"category does not go with surface={self.surface}: use surface=category")
        return self


class Contribution(ResponseBody):
    """What one component adds to a score."""

    component: str
    value: float = Field(description="What was measured, in the component's unit")
    reference: float = Field(description="What it was held against, in the same unit")
    signal: float = Field(description="The comparison, from -1 to 1")
    weight: float
    contribution: float = Field(description="weight × signal; those of all components add up to the score")


class RankedPrompt(ListedPrompt):
    """A prompt at its place. Ranks of prompts that are no longer for sale are left out, positions are not."""

    rank: int
    score: float = Field(description="The sum of the contributions")
    contributions: list[Contribution]
    explanation: list[str] = Field(description="The contributions in words, the largest first")


class Ranking(Page[RankedPrompt]):
    """Part of a published ranking; nothing but a receipt before the first publication."""

    surface: Surface
    category: str | None
    as_of: datetime | None = Field(description="Facts up to here were counted")
    publication_id: str | None
    policy_version: str | None
    receipt_id: str
