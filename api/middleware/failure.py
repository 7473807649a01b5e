"""The last line: an exception nobody expected becomes a problem document here and a stack trace in the log only."""

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answer_head import answer_head
from api.error_report import report_failure
from api.errors import InternalError
from api.problem import error_response

logger = structlog.get_logger(__name__)


class FailureMiddleware:
    """Answers 500 with a problem document when the application raises."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            # Nobody is there any more to answer to.
            logger.info("client_disconnected", path=scope["path"])
        except Exception as error:
            request_id = scope["state"]["request_id"]
            report_failure(error, request_id=request_id)
            logger.exception("request_failed", path=scope["path"], error=type(error).__name__)
            if answer_head(scope).status is not None:
                # Half an answer is out: breaking the connection is the only way left to say that it is not whole.
                raise
            failure = InternalError(f"Something went wrong on our side. It was noted under request {request_id}")
            await error_response(scope, failure)(scope, receive, send)
