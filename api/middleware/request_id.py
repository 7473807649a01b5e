"""Gives every request an id, and every answer the id of its request."""

import re
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from api.answer_head import AnswerHead
from api.audit.context import current_request
from api.headers import header
from api.random_id import random_id

WELL_FORMED = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


class RequestIdMiddleware:
    """Takes `X-Request-ID` when it is well-formed, else makes one; answers with it. All log lines carry it.

    The outermost around requests: it makes the head of the answer, for all others to write on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Take one request."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        request_id = _request_id(scope)
        head = AnswerHead()
        head.headers.append((b"x-request-id", request_id.encode("ascii")))
        scope.setdefault("state", {}).update(request_id=request_id, answer_head=head)
        current_request.set(scope)
        return self._app(scope, receive, head.wrap(send))


def _request_id(scope: Scope) -> str:
    sent = header(scope, b"x-request-id")
    return str(sent, "ascii") if sent is not None and WELL_FORMED.fullmatch(sent) else random_id()
