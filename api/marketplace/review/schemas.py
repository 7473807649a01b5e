"""Bodies of reviews."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictInt

from api.schema import RequestBody, ResponseBody

Rating = Annotated[StrictInt, Field(ge=1, le=5, description="5 is best")]


class ReviewBody(RequestBody):
    """What you think. Sent again it replaces what you said before."""

    rating: Rating
    text: str = Field("", max_length=5_000)


class ReviewDetail(ResponseBody):
    """A review by a user of an organization that bought the prompt. Who wrote it is not told."""

    id: UUID
    prompt_id: UUID
    rating: int
    text: str
    created_at: datetime
    updated_at: datetime


class OwnReview(ReviewDetail):
    """Your own review."""

    hidden_at: datetime | None = Field(description="Set when it was hidden from others by a decision")
