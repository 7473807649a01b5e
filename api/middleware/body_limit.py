"""Bounds what one request can make the service hold in memory."""

from collections.abc import Awaitable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge
from api.headers import header
from api.problem import error_response
from warehouse.events import EVENTS_BODY_MAX_BYTES

MEBIBYTE = 1024 * 1024
# Room for the longest template with every character escaped, and for most that can be rendered.
BODY_MAX_BYTES = 4 * MEBIBYTE
# By path.
LARGER_BODIES = {"/api/v1/analytics/events": EVENTS_BODY_MAX_BYTES}
# Where anybody may send something, nothing is large.
SMALL_BODIES_PREFIX = "/api/v1/auth/"
SMALL_BODY_MAX_BYTES = MEBIBYTE // 16


class BodyLimitMiddleware:
    """Refuses larger bodies with 413: at once by their announced length, else as soon as they grew past the limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Take one request."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        max_bytes = _max_bytes(scope["path"])
        announced = header(scope, b"content-length")
        if announced is not None and announced.isdigit() and int(announced) > max_bytes:
            return error_response(scope, BodyTooLarge(_refusal(max_bytes)))(scope, receive, send)
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                # FastAPI hands on only this kind of error from reading a body.
                raise HTTPException(413, _refusal(max_bytes))
            return message

        return self._app(scope, receive_counted, send)


def _max_bytes(path: str) -> int:
    return SMALL_BODY_MAX_BYTES if path.startswith(SMALL_BODIES_PREFIX) else LARGER_BODIES.get(path, BODY_MAX_BYTES)


def _refusal(max_bytes: int) -> str:
    return f"The body is larger than {max_bytes} bytes. Send it in parts."
