"""Lets pages of configured origins call the API. By default there are none."""

from collections.abc import Awaitable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answer_head import answer_head
from api.headers import header

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-API-Key",
    "X-Anonymous-ID",
    "X-Request-ID",
    "X-Session-ID",
)
ANSWER_HEADERS = (
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-ID",
)
MAX_AGE_SECONDS = 600
VARY = (b"vary", b"Origin")


class CorsMiddleware:
    """Starlette's, for the origins of the settings; requests of any other page are answered as if they were no page's.

    Without credentials: who asks is told by a header that a page must know, and never by a cookie.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._sharing: dict[tuple[str, ...], CORSMiddleware] = {}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Take one request."""
        origins: tuple[str, ...] = ()
        if scope["type"] == "http":
            origins = scope["app"].state.resources.settings.cors_origins
        if not origins:
            return self._app(scope, receive, send)
        if _origin(scope) not in origins:
            # What a cache keeps of this is nothing for a page that may read it.
            answer_head(scope).headers.append(VARY)
            return self._app(scope, receive, send)
        if origins not in self._sharing:
            self._sharing[origins] = CORSMiddleware(
                self._app,
                allow_origins=origins,
                allow_methods=METHODS,
                allow_headers=REQUEST_HEADERS,
                allow_credentials=False,
                expose_headers=ANSWER_HEADERS,
                max_age=MAX_AGE_SECONDS,
            )
        return self._sharing[origins](scope, receive, send)


def _origin(scope: Scope) -> str:
    return (header(scope, b"origin") or b"").decode("latin-1")
