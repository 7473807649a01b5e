"""Counts a request of its caller on its route, says on the answer how many are left, and settles who is asking."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.answer_head import answer_head
from api.middleware.auth import settle_identity
from api.rate_limit.limiter import RateLimiter


class RateLimitMiddleware:
    """Wraps one route. Refuses with 429 once the caller's limit on it is used up."""

    def __init__(self, app: ASGIApp, *, route: str, limit: str | None = None) -> None:
        self._app = app
        self._route = route
        # In the place of the one that all routes of its method have.
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        limiter: RateLimiter = scope["app"].state.resources.limiter
        # Both are asked of Redis before either is waited for: one round trip.
        counting = limiter.begin(scope, self._route, self._limit)
        await settle_identity(scope)
        if counting is not None:
            # A refusal of the handler's says itself which limit was met.
            answer_head(scope).defaults += await limiter.admit(counting)
        await self._app(scope, receive, send)
