"""Answers a write that comes again under its `Idempotency-Key` as it was answered before."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.caller import caller_name
from api.headers import header
from api.idempotency.attempt import Answer, Attempt
from api.idempotency.keeper import IdempotencyKeeper

WRITING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class IdempotencyMiddleware:
    """Wraps one route. `can_resume` says that working on an interrupted request again has no second effect."""

    def __init__(self, app: ASGIApp, *, can_resume: bool) -> None:
        self._app = app
        self._can_resume = can_resume

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        key = header(scope, b"idempotency-key")
        if key is None or scope["method"] not in WRITING_METHODS:
            await self._app(scope, receive, send)
            return
        body = await _read_body(receive)
        if body is None:
            return
        attempt = Attempt.of(scope, caller=caller_name(scope), key=key, body=body)
        keeper: IdempotencyKeeper = scope["app"].state.resources.idempotency
        async with keeper.turn(attempt):
            kept = await keeper.begin(attempt, can_resume=self._can_resume)
            answer = kept or await self._work(keeper, attempt, scope, _replay_body(body, receive))
        # Whoever waits for the same answer need not wait for this client to take it.
        await answer.send(send, is_replay=kept is not None)

    async def _work(self, keeper: IdempotencyKeeper, attempt: Attempt, scope: Scope, receive: Receive) -> Answer:
        scope["state"]["idempotent_attempt"] = attempt
        answer = Answer()
        try:
            await self._app(scope, receive, answer.take)
        except BaseException:
            await asyncio.shield(keeper.release(attempt))
            raise
        await keeper.settle(attempt, answer)
        return answer


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None when the client is gone."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then what really comes."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
