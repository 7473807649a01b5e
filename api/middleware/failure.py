"""The last line: an exception nobody expected becomes a problem document here and a stack trace in the log only."""

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
        started = False

        async def send_noting_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_noting_start)
        except ClientDisconnect:
            # Nobody is there any more to answer to.
            logger.info("client_disconnected", path=scope["path"])
        except Exception as error:
            request_id = scope["state"]["request_id"]
            report_failure(error, request_id=request_id)
            logger.exception("request_failed", path=scope["path"], error=type(error).__name__)
            if started:
                # Half an answer is out: breaking the connection is the only way left to say that it is not whole.
                raise
            failure = InternalError(f"Something went wrong on our side. It was noted under request {request_id}")
            await error_response(scope, failure)(scope, receive, send)
