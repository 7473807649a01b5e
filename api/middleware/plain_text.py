"""Refuses addresses that hold a NUL character, which no text column can store or match."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import FieldProblem, ValidationFailed
from api.problem import error_response


class PlainTextMiddleware:
    """Answers 422 to a NUL in the path or query. In bodies it is the schemas that look."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Take one request."""
        if scope["type"] == "http":
            location = "path" if "\x00" in scope["path"] else "query" if b"%00" in scope["query_string"] else None
            if location is not None:
                wrong = FieldProblem(location=location, field="", message="must not hold a NUL character")
                refusal = ValidationFailed(f"The {location} holds a NUL character", errors=[wrong])
                return error_response(scope, refusal)(scope, receive, send)
        return self._app(scope, receive, send)
