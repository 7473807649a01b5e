"""Headers that tell browsers what not to do with an answer, and caches not to keep what is somebody's."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.headers import header

RawHeaders = list[tuple[bytes, bytes]]

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        headers = PAGE if path.startswith(PAGES) else DATA
        if scope["app"].state.resources.settings.environment == "production":
            headers = [*headers, TRANSPORT]
        is_personal = path.startswith(CREDENTIAL_PREFIX) or _has_credentials(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                message["headers"] = [*own, *headers]
                if is_personal and not any(name.lower() == b"cache-control" for name, _ in own):
                    message["headers"].append(NO_STORE)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _has_credentials(scope: Scope) -> bool:
    return header(scope, b"authorization") is not None or header(scope, b"x-api-key") is not None
