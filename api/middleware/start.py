"""Says in one line why the service can't start, where that is known and nothing to be mended in the code."""

import sys
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warehouse.servers import ServerStartFailed, ServerUnreachable
from warehouse.settings import SettingsInvalid
from warehouse.tenancy import AccessNotPrepared

EXPECTED = (SettingsInvalid, ServerStartFailed, ServerUnreachable, AccessNotPrepared)


class StartMiddleware:
    """Puts the sentence of an expected failure in the place of its stack trace; the server prints it and ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Take the one message by which the service is started, or one request."""
        if scope["type"] != "lifespan":
            return self._app(scope, receive, send)

        async def send_sentence(message: Message) -> None:
            error = sys.exception()
            if message["type"] == "lifespan.startup.failed" and isinstance(error, EXPECTED):
                message = {**message, "message": str(error)}
            await send(message)

        return self._app(scope, receive, send_sentence)
