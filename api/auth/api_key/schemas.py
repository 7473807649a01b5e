"""Bodies of the API key routes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.auth.identity import Scope
from api.schema import Line, RequestBody, ResponseBody

DAYS_DEFAULT = 90
DAYS_MAX = 366


class NewApiKey(RequestBody):
    """A key to make."""

    name: Line = Field(description="For people: where the key is used", examples=["nightly import"])
    # One that is named twice is taken once.
    scopes: Annotated[set[Scope], Field(min_length=1, json_schema_extra=lambda schema: schema.pop("uniqueItems"))] = (
        Field(
            default={"prompts:read", "orders:read", "analytics:read"},
            description="What it may do; no more than its maker may. By default it only reads",
        )
    )
    expires_in_days: int = Field(DAYS_DEFAULT, ge=1, le=DAYS_MAX, strict=True)


class ApiKeyDetail(ResponseBody):
    """A key, without its secret."""

    id: UUID
    name: str
    prefix: str = Field(description="How the key begins", examples=["pmk_4fQ0bXk2TzLm"])
    scopes: list[str]
    created_at: datetime
    created_by: str = Field(description="The e-mail of its maker, in whose name it acts")
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute")


class CreatedApiKey(ApiKeyDetail):
    """A new key, whole: this is the only time it is shown."""

    key: str = Field(description="Goes into `Authorization: Bearer` or `X-API-Key`. Keep it secret")
