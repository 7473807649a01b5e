"""What is known of the answer of a request before all of it is made, in one place for all the layers around it."""

import time
from collections.abc import Awaitable, Callable

from starlette.types import Message, Scope, Send

RawHeaders = list[tuple[bytes, bytes]]


class AnswerHead:
    """Collects what the layers want on the answer and tells them how it began.

    One wrapper around `send` does it for all of them: a wrapper of its own cost each more than what it did.
    """

    __slots__ = ("before_start", "defaults", "headers", "started_at", "status")

    def __init__(self) -> None:
        self.started_at = time.perf_counter()
        # None until the answer begins.
        self.status: int | None = None
        # Put on the answer.
        self.headers: RawHeaders = []
        # Put on the answer, each where it has none of that name itself.
        self.defaults: RawHeaders = []
        # Awaited with the status before the first byte is handed over.
        self.before_start: Callable[[int], Awaitable[None]] | None = None

    @property
    def seconds(self) -> float:
        """How long the request takes so far."""
        return time.perf_counter() - self.started_at

    def wrap(self, send: Send) -> Send:
        """A `send` that puts the headers on."""

        async def send_with_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                message["headers"] = self._complete(message.get("headers", ()))
                if self.before_start is not None:
                    await self.before_start(message["status"])
            await send(message)

        return send_with_head

    def _complete(self, own: RawHeaders) -> RawHeaders:
        names = {name.lower() for name, _ in own}
        return [*own, *self.headers, *(each for each in self.defaults if each[0] not in names)]


def answer_head(scope: Scope) -> AnswerHead:
    """The head of the answer of this request."""
    head: AnswerHead = scope["state"]["answer_head"]
    return head
