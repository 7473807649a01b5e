"""Bounds what one request can make the service hold in memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge
from api.headers import header
from api.problem import error_response

MEBIBYTE = 1024 * 1024
# Room for the longest template with every character escaped, and for most that can be rendered.
BODY_MAX_BYTES = 4 * MEBIBYTE
# By path. Room for the largest batch of ordinary events (1,000 of 16 KiB).
LARGER_BODIES = {"/api/v1/analytics/events": 16 * MEBIBYTE}
# Where anybody may send something, nothing is large.
SMALL_BODIES_PREFIX = "/api/v1/auth/"
SMALL_BODY_MAX_BYTES = MEBIBYTE // 16


class BodyLimitMiddleware:
    """Refuses larger bodies with 413: at once by their announced length, else as soon as they grew past the limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        is_small = path.startswith(SMALL_BODIES_PREFIX)
        max_bytes = SMALL_BODY_MAX_BYTES if is_small else LARGER_BODIES.get(path, BODY_MAX_BYTES)
        refusal = f"The body is larger than {max_bytes} bytes. Send it in parts."
        announced = header(scope, b"content-length") or b"0"
        if announced.isdigit() and int(announced) > max_bytes:
            await error_response(scope, BodyTooLarge(refusal))(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                # FastAPI hands on only this kind of error from reading a body.
                raise HTTPException(413, refusal)
            return message

        await self._app(scope, receive_counted, send)
