"""Headers that tell browsers what not to do with an answer, and caches not to keep what is somebody's."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from api.answer_head import RawHeaders, answer_head
from api.headers import header

COMMON: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
# An answer is data: a browser that shows it loads nothing, runs nothing and puts it into no frame.
DATA: RawHeaders = [*COMMON, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]
# The documentation brings its scripts along, and starts them in the page.
PAGE: RawHeaders = [
    *COMMON,
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; worker-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'",
    ),
]
PAGES = ("/docs", "/redoc")
# A year, as browsers' preload lists ask for. Only production is surely behind TLS.
TRANSPORT = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
NO_STORE = (b"cache-control", b"no-store")
CREDENTIAL_PREFIX = "/api/v1/auth"


class SecurityHeadersMiddleware:
    """Puts them on every answer. What a handler says about caching itself is left as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Take one request."""
        if scope["type"] == "http":
            path = scope["path"]
            head = answer_head(scope)
            head.headers += PAGE if path.startswith(PAGES) else DATA
            if scope["app"].state.resources.settings.environment == "production":
                head.headers.append(TRANSPORT)
            if path.startswith(CREDENTIAL_PREFIX) or _has_credentials(scope):
                head.defaults.append(NO_STORE)
        return self._app(scope, receive, send)


def _has_credentials(scope: Scope) -> bool:
    return header(scope, b"authorization") is not None or header(scope, b"x-api-key") is not None
