"""A `HEAD` request is a `GET` whose answer stays without its body (RFC 9110, 9.3.2)."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Lets every route that answers to GET answer to HEAD. The layers around it see the method that was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Take one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return self._app(scope, receive, send)
        return self._answer_as_get(scope, receive, send)

    async def _answer_as_get(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_as_sent(message: Message) -> None:
            # From here on it is what it was, to the layers around and to the server, which leaves out the body.
            scope["method"] = "HEAD"
            await send(message)

        # Changed in place, because the route leaves its name in the scope for the layers around.
        scope["method"] = "GET"
        try:
            await self._app(scope, receive, send_as_sent)
        finally:
            scope["method"] = "HEAD"
