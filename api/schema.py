"""What request and response bodies of all features share."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

Item = TypeVar("Item")

NESTED_TOO_DEEP = 100


def holds_nul(value: Any, depth: int = 0) -> bool:
    """Whether a NUL character is anywhere in a JSON value. Postgres stores none."""
    if isinstance(value, str):
        return "\x00" in value
    if depth > NESTED_TOO_DEEP:
        raise ValueError(f"must not be nested deeper than {NESTED_TOO_DEEP}")
    if isinstance(value, Mapping):
        return any(holds_nul(key, depth + 1) or holds_nul(each, depth + 1) for key, each in value.items())
    return isinstance(value, list) and any(holds_nul(each, depth + 1) for each in value)


class RequestBody(BaseModel):
    """A body as sent. Unknown fields are refused: a misspelt optional one would silently do nothing."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        if holds_nul(value):
            raise ValueError("must not hold a NUL character")
        return value


class ResponseBody(BaseModel):
    """A body as answered; made from rows as well as from values."""

    model_config = ConfigDict(from_attributes=True)


class Page(ResponseBody, Generic[Item]):
    """Part of a list. `next_cursor` leads to the next part; null at the end."""

    items: list[Item]
    next_cursor: str | None = Field(
        None, description="Pass as `cursor` to get the next page; null when this is the last"
    )


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


# A line of text that says something.
Line = Annotated[str, BeforeValidator(_stripped), Field(min_length=1, max_length=200)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"], description="ISO 4217")]
