"""Gives every request an id, and every answer the id of its request."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit.context import current_request
from api.headers import header
from api.random_id import random_id

WELL_FORMED = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


class RequestIdMiddleware:
    """Takes `X-Request-ID` when it is well-formed, else makes one; answers with it. All log lines carry it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        current_request.set(scope)
        answered = (b"x-request-id", request_id.encode("ascii"))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), answered]
            await send(message)

        await self._app(scope, receive, send_with_id)


def _request_id(scope: Scope) -> str:
    sent = header(scope, b"x-request-id")
    return str(sent, "ascii") if sent is not None and WELL_FORMED.fullmatch(sent) else random_id()
