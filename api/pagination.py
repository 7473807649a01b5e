"""Keyset pages: a cursor holds the sort key of the last item, so a page costs the same however far down it is."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.errors import FieldProblem, ValidationFailed

PAGE_SIZE_DEFAULT = 20
PAGE_SIZE_MAX = 100
LONGEST_CURSOR = 512
# Of fewer digits than this every number fits an integer column.
LONGEST_NUMBER = 10

Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX, description="Items on a page")]
Cursor = Annotated[str | None, Query(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before")]


class CursorInvalid(ValidationFailed):
    """The cursor is not one this list gave out."""

    def __init__(self) -> None:
        message = "is not a cursor of this list: pass a next_cursor unchanged, or none to start over"
        super().__init__(f"cursor: {message}", errors=[FieldProblem(location="query", field="cursor", message=message)])


def encode_cursor(*key: str) -> str:
    """A cursor that stands after the item with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, length: int) -> list[str]:
    """The sort key of `length` parts in a cursor. Raises `CursorInvalid`."""
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise CursorInvalid from None
    if not isinstance(key, list) or len(key) != length or not all(isinstance(part, str) for part in key):
        raise CursorInvalid
    if any("\x00" in part for part in key):
        raise CursorInvalid
    return key


def read_moment(key: str) -> datetime:
    """A moment out of a cursor, in UTC. Raises `CursorInvalid` for what no row can have."""
    try:
        moment = datetime.fromisoformat(key)
        if moment.tzinfo is None:
            raise CursorInvalid
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CursorInvalid from None


def read_number(key: str) -> int:
    """A whole number out of a cursor, none below 0. Raises `CursorInvalid` for what no column can have."""
    if not (key.isascii() and key.isdigit() and len(key) < LONGEST_NUMBER):
        raise CursorInvalid
    return int(key)


def decode_id_cursor(cursor: str | None) -> UUID | None:
    """The id in the cursor of a list that is sorted by id; None at the start. Raises `CursorInvalid`."""
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor, 1)[0])
    except ValueError:
        raise CursorInvalid from None
