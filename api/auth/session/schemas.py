"""Bodies of the session routes."""

from typing import Annotated, Literal

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
    """The access token goes into `Authorization: Bearer`; the refresh token gets the next pair."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds until the access token expires", examples=[1800])
