"""Counts a request of its caller on its route, and says on the answer how many are left."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.rate_limit.limiter import RateLimiter


class RateLimitMiddleware:
    """Wraps one route. Refuses with 429 once the caller's limit on it is used up."""

    def __init__(self, app: ASGIApp, *, route: str) -> None:
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        limiter: RateLimiter = scope["app"].state.resources.limiter
        headers = await limiter.admit(scope, self._route)
        if not headers:
            await self._app(scope, receive, send)
            return

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        await self._app(scope, receive, send_with_limits)
