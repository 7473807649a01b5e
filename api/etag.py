"""Entity tags (RFC 9110, 8.8.3) and the conditions on them."""

import re

from api.errors import ApiError

# What stands between commas may itself hold commas, inside of quotes.
ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


class PreconditionFailed(ApiError):
    """What the client knows of the thing is no longer so."""

    status = 412

    def __init__(self, etag: str) -> None:
        super().__init__(
            f"It was changed since you read it, or If-Match names another: read it again. ETag: {etag}",
            headers={"ETag": etag},
        )


def matches_any(header: str, etag: str) -> bool:
    """Whether `If-None-Match` names the tag; a proxy may have made it a weak one on the way."""
    return header.strip() == "*" or etag in {found.removeprefix("W/") for found in ENTITY_TAG.findall(header)}


def require_match(header: str | None, etag: str) -> None:
    """Raise `PreconditionFailed` when there is an `If-Match` that does not name the tag."""
    if header is None or header.strip() == "*" or etag in ENTITY_TAG.findall(header):
        return
    raise PreconditionFailed(etag)
