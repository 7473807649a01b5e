"""Bodies of erasures."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.auth.account.schemas import PASSWORD_MAX_LENGTH
from api.schema import Line, RequestBody, ResponseBody


class EraseMe(RequestBody):
    """Your password, so that nobody does it for you."""

    password: Annotated[str, Field(max_length=PASSWORD_MAX_LENGTH)]


class EraseUser(RequestBody):
    """Why, such as the number of the person's request."""

    reason: Line


class ErasureDetail(ResponseBody):
    """An erasure. The account is gone at once; everything behind it with one of the next runs of the pipeline."""

    id: UUID
    requested_by: Literal["self", "operator"]
    requested_at: datetime
    completed_at: datetime | None = Field(description="When events, figures and snapshots were done as well")
    remaining: list[str] = Field(description="Where the last run still found something of the person")
