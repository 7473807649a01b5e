"""Bounds the parts of a request before its body."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError, HeadersTooLarge, UrlTooLong
from api.problem import error_response

URL_MAX_BYTES = 8 * 1024
HEADERS_MAX_BYTES = 32 * 1024
HEADERS_MAX = 100


class HeadLimitMiddleware:
    """Answers 414 to a long address, and 431 to many or long headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Take one request."""
        if scope["type"] == "http" and (refusal := _refusal(scope)) is not None:
            return error_response(scope, refusal)(scope, receive, send)
        return self._app(scope, receive, send)


def _refusal(scope: Scope) -> ApiError | None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > URL_MAX_BYTES:
        return UrlTooLong(f"The address is longer than {URL_MAX_BYTES} bytes")
    headers = scope["headers"]
    if len(headers) > HEADERS_MAX or sum(len(name) + len(value) for name, value in headers) > HEADERS_MAX_BYTES:
        return HeadersTooLarge(f"The headers are more than {HEADERS_MAX}, or larger than {HEADERS_MAX_BYTES} bytes")
    return None
