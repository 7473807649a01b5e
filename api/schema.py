"""What request and response bodies of all features share."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

Item = TypeVar("Item")

NESTED_TOO_DEEP = 100
# JSON can name one, and no encoding has it.
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
NUMBER = re.compile(r"[+-]?[\d.]+(e[+-]?\d+)?", re.IGNORECASE)


def check_text(value: Any) -> Any:
    """A JSON value as it is; raises `ValueError` when text anywhere in it is of a kind Postgres can't store."""
    waiting = [(value, 0)]
    while waiting:
        current, depth = waiting.pop()
        if depth > NESTED_TOO_DEEP:
            raise ValueError(f"must not be nested deeper than {NESTED_TOO_DEEP}")
        if isinstance(current, str):
            _check_string(current)
        elif isinstance(current, Mapping):
            waiting += [(each, depth + 1) for pair in current.items() for each in pair]
        elif isinstance(current, list):
            waiting += [(each, depth + 1) for each in current]
    return value


def _check_string(text: str) -> None:
    if "\x00" in text:
        raise ValueError("must not hold a NUL character")
    if not text.isascii() and LONE_SURROGATE.search(text):
        raise ValueError("must not hold half a surrogate pair")


class RequestBody(BaseModel):
    """A body as sent. Unknown fields are refused: a misspelt optional one would silently do nothing."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _with_storable_text(cls, value: Any) -> Any:
        return check_text(value)


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


def _in_one_line(text: str) -> str:
    """Refuse what would break out of a line, such as an escape sequence of a terminal."""
    if {unicodedata.category(letter) for letter in text} & {"Cc", "Zl", "Zp"}:
        raise ValueError("must be one line without control characters")
    return text


def _visible(text: str) -> str:
    """Refuse what shows nothing."""
    if not {unicodedata.category(letter) for letter in text} - {"Cc", "Cf", "Zl", "Zp", "Zs"}:
        raise ValueError("must say something")
    return text


def _written_out(value: Any) -> Any:
    """Refuse a number: whether it counts seconds or milliseconds is anybody's guess."""
    if isinstance(value, int | float) or (isinstance(value, str) and NUMBER.fullmatch(value.strip())):
        raise ValueError("must be written out, such as 2026-01-31 or 2026-01-31T12:00:00Z")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
# A line of text that says something.
Line = Annotated[
    str,
    BeforeValidator(_stripped),
    Field(min_length=1, max_length=200),
    AfterValidator(_in_one_line),
    AfterValidator(_visible),
]
# Lines of it, such as reasons.
LongText = Annotated[str, BeforeValidator(_stripped), Field(min_length=1, max_length=10_000), AfterValidator(_visible)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"], description="ISO 4217")]
