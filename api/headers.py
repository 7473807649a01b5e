"""Headers of a request, as the server hands them over: names in lower case."""

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a header; None where it was not sent."""
    for key, value in scope.get("headers", ()):
        if key == name:
            found: bytes = value
            return found
    return None
