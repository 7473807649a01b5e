"""Ends what takes too long: a body that does not come, and an answer that is not made."""

import asyncio

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answer_head import answer_head
from api.errors import RequestTimedOut
from api.problem import error_response
from api.time_limit import TIME_LIMIT, TimeLimit
from warehouse.settings import Settings

logger = structlog.get_logger(__name__)


class TimeoutMiddleware:
    """Answers 408 to a slow body, and 504 when the handler is not done in time.

    The handler is cancelled: its transaction is rolled back, and its idempotency key is free again. What writes or
    sends a large file says each time that it gets on (`api.time_limit`), and is given as long again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        settings: Settings = scope["app"].state.resources.settings
        seconds = settings.request_timeout_seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                scope["state"][TIME_LIMIT] = TimeLimit(limit, seconds)
                await self._app(scope, _BodyInTime(receive, settings.body_timeout_seconds), send)
        except TimeoutError:
            if not limit.expired():
                raise
            if answer_head(scope).status is not None:
                # Its client takes no more. The server breaks the connection of an answer that is not whole.
                logger.warning("answer_cut_off", path=scope["path"], seconds=seconds)
                return
            logger.error("request_timed_out", path=scope["path"], seconds=seconds)
            refusal = RequestTimedOut("The answer took too long. What was begun is undone; send it again in a moment.")
            await error_response(scope, refusal)(scope, receive, send)
        finally:
            # It holds the task that holds the request: left so, all of it would wait for the garbage collector.
            del scope["state"][TIME_LIMIT]


class _BodyInTime:
    """Gives the body while it comes in time. After it, what is waited for is that the client leaves."""

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive = receive
        self._seconds = seconds
        self._deadline: float | None = None
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            # FastAPI hands on only this kind of error from reading a body.
            raise HTTPException(408, f"The body did not come within {self._seconds:g} seconds.") from None
        self._is_whole = not message.get("more_body", False)
        return message
