"""Answers that are made once and sent often."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.permission import Access
from api.etag import matches_any
from api.headers import header

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The client has it: If-None-Match names its tag"}}
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class CachedAnswer:
    """The bytes of an answer that is the same for all who may read it, with the tag that tells a client it has them."""

    def __init__(self, body: BaseModel, *, max_age_seconds: int) -> None:
        self._body = body.model_dump_json().encode()
        etag = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
        self._etag = etag
        self._not_modified = [
            (b"etag", etag.encode()),
            (b"cache-control", f"private, max-age={max_age_seconds}".encode()),
        ]
        self._headers = [
            *self._not_modified,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self._body)).encode()),
        ]

    def app(self, access: Access | None) -> ASGIApp:
        """Answers whoever has access, without the way through the handler."""

        async def answer(scope: Scope, _: Receive, send: Send) -> None:
            if access is not None:
                access.admit(scope["state"])
            asked = header(scope, b"if-none-match")
            if asked is not None and matches_any(asked.decode("latin-1"), self._etag):
                await send({"type": "http.response.start", "status": 304, "headers": self._not_modified})
                await send({"type": "http.response.body", "body": b""})
                return
            await send({"type": "http.response.start", "status": 200, "headers": self._headers})
            await send({"type": "http.response.body", "body": self._body})

        return answer


def answered_by(answer: CachedAnswer) -> Callable[[Endpoint], Endpoint]:
    """Marks a handler whose answer is ready. It still says who may call it, and what OpenAPI tells."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.cached_answer = answer  # type: ignore[attr-defined]
        return endpoint

    return mark
