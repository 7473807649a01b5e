"""Keyset pages: a cursor holds the sort key of the last item, so a page costs the same however far down it is."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Query
from starlette.types import Scope

from api.audit.context import current_request
from api.errors import FieldProblem, ValidationFailed

PAGE_SIZE_DEFAULT = 20
PAGE_SIZE_MAX = 100
LONGEST_CURSOR = 1024
# Of fewer digits than this every number fits an integer column.
LONGEST_NUMBER = 10
# 128 bits: nobody finds one by trying.
SIGNATURE_BYTES = 16
# Where in a list one is, and not which list it is.
PLACE_PARAMETERS = frozenset({"cursor", "limit"})
# Signs where nobody asks over HTTP.
PROCESS_SECRET = secrets.token_bytes(32)

Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX, description="Items on a page")]
Cursor = Annotated[str | None, Query(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before")]


class CursorInvalid(ValidationFailed):
    """The cursor is not one this list gave out."""

    def __init__(self) -> None:
        message = "is not a cursor of this list: pass a next_cursor unchanged, or none to start over"
        super().__init__(f"cursor: {message}", errors=[FieldProblem(location="query", field="cursor", message=message)])


@dataclass(frozen=True)
class After:
    """The place in a list that goes from the newest: the item with this time and id."""

    at: datetime
    id: UUID


def encode_cursor(*key: str) -> str:
    """A cursor that stands after the item with this sort key, in the list that is being answered."""
    # As it is written: escaped, a letter of some languages would take six bytes and more.
    place = json.dumps(key, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_signature(place) + place).rstrip(b"=").decode()


def decode_cursor(cursor: str, length: int) -> list[str]:
    """The sort key of `length` parts in a cursor of this list. Raises `CursorInvalid`, also for another list's."""
    try:
        signed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise CursorInvalid from None
    signature, place = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(place)):
        raise CursorInvalid
    key = json.loads(place)
    # Ours, and from an earlier version of the service perhaps.
    if not isinstance(key, list) or len(key) != length or any("\x00" in part for part in key):
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


def cursor_secret(secret: str) -> bytes:
    """The key cursors are signed with, made of another that must not be used for two things."""
    return hmac.new(secret.encode(), b"cursor", hashlib.sha256).digest()


def _signature(place: bytes) -> bytes:
    """Binds a place to its list: the path and every filter, so that it leads nowhere else."""
    scope = current_request.get()
    secret = PROCESS_SECRET if scope is None else scope["app"].state.resources.cursor_secret
    name = b"" if scope is None else _list_name(scope)
    return hmac.new(secret, name + b"\x00" + place, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _list_name(scope: Scope) -> bytes:
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    filters = sorted((name, value) for name, value in asked if name not in PLACE_PARAMETERS)
    return repr((scope["path"], filters)).encode()


def decode_id_cursor(cursor: str | None) -> UUID | None:
    """The id in the cursor of a list that is sorted by id; None at the start. Raises `CursorInvalid`."""
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor, 1)[0])
    except ValueError:
        raise CursorInvalid from None


def decode_newest_cursor(cursor: str | None) -> After | None:
    """The place in the cursor of a list that goes from the newest; None at the start. Raises `CursorInvalid`."""
    if cursor is None:
        return None
    at, id_ = decode_cursor(cursor, 2)
    try:
        return After(read_moment(at), UUID(id_))
    except ValueError:
        raise CursorInvalid from None
