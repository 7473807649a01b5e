"""One round trip to Redis for everything that concurrent requests ask of it."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

Command = tuple[str | bytes | int, ...]

# Nobody waits longer than this to learn whether they may pass.
BATCH_TIMEOUT_SECONDS = 1.0
# After a failure Redis is left alone for so long, and every command fails at once.
PAUSE_SECONDS = 1.0
BATCH_MAX_COMMANDS = 500


class RedisBatch:
    """Sends commands of one turn of the event loop, or that came while others were on their way, as one pipeline."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._waiting: list[tuple[Command, asyncio.Future[Any]]] = []
        self._sender: asyncio.Task[None] | None = None
        self._paused_until = 0.0

    def submit(self, *command: str | bytes | int) -> "asyncio.Future[Any]":
        """The command's answer, when it comes. Fails with `RedisError`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if time.monotonic() < self._paused_until:
            future.set_exception(RedisConnectionError("Redis did not answer a moment ago"))
            return future
        self._waiting.append((command, future))
        if self._sender is None or self._sender.done():
            self._sender = loop.create_task(self._send())
        return future

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_MAX_COMMANDS], self._waiting[BATCH_MAX_COMMANDS:]
            answers = await self._ask([command for command, _ in batch])
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    async def _ask(self, commands: Sequence[Command]) -> Sequence[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        try:
            async with asyncio.timeout(BATCH_TIMEOUT_SECONDS):
                answers: list[Any] = await pipeline.execute(raise_on_error=False)
                return answers
        except (RedisError, OSError, TimeoutError) as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            return [error if isinstance(error, RedisError) else RedisConnectionError(str(error))] * len(commands)
