"""Bodies of the session routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.schema import RequestBody, ResponseBody

LONGEST_TOKEN = 4096


class RefreshRequest(RequestBody):
    """The token to get new ones for."""

    refresh_token: Annotated[str, Field(max_length=LONGEST_TOKEN)]


class LogoutRequest(RequestBody):
    """The refresh token of the log-in to end, for when its access token has expired."""

    refresh_token: Annotated[str, Field(max_length=LONGEST_TOKEN)] | None = None


class Tokens(ResponseBody):
    """The access token goes into `Authorization: Bearer`; the refresh token gets the next pair, once."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds until the access token expires", examples=[1800])


class SessionDetail(ResponseBody):
    """A log-in that is still good."""

    id: UUID
    created_at: datetime
    last_used_at: datetime = Field(description="To the minute")
    expires_at: datetime = Field(description="When it ends unless it is refreshed before")
    address: str | None = Field(description="Where it was begun or last refreshed from")
    user_agent: str | None = Field(description="What the program there calls itself")
    is_current: bool = Field(description="Whether this request belongs to it")
