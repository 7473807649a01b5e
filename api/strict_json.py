"""JSON as RFC 8259 would rather have it: no name twice, no NaN, and no more names than any body has use for."""

import json
from typing import Any

from fastapi import Request

# A render takes a thousand values. What is wrong with each name is written down, so a million would cost minutes.
NAMES_MAX = 2_000


class StrictRequest(Request):
    """A request whose body must be such JSON. FastAPI answers what `json` raises with 400."""

    async def json(self) -> Any:
        """The body. Raises `json.JSONDecodeError`."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), object_pairs_hook=_object, parse_constant=_refuse)
        return self._json


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > NAMES_MAX:
        raise _malformed(f"an object has more than {NAMES_MAX} names")
    made = dict(pairs)
    if len(made) < len(pairs):
        # Programs differ in which of the two they take, and that difference is what such bodies are sent for.
        raise _malformed("an object has a name twice")
    return made


def _refuse(constant: str) -> None:
    raise _malformed(f"{constant} is no number")


def _malformed(reason: str) -> json.JSONDecodeError:
    return json.JSONDecodeError(reason, "", 0)
