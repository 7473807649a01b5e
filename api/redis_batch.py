"""One round trip to Redis for everything that concurrent requests ask of it."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from warehouse.round_trip import round_trip

# Nobody waits longer to learn whether they may pass. A busy process takes a second to read what came long ago.
BATCH_TIMEOUT_SECONDS = 3.0
# After a failure Redis is left alone for so long, and everything fails at once.
PAUSE_SECONDS = 1.0

# A window begins with its first use and ends by itself. Lua, because Redis 6 has no EXPIRE that only sets.
COUNT_SCRIPT = """
local answer = {}
for i, key in ipairs(KEYS) do
    local count = redis.call('incr', key)
    local seconds = redis.call('ttl', key)
    if seconds < 0 then
        seconds = tonumber(ARGV[i])
        redis.call('expire', key, seconds)
    end
    answer[2 * i - 1] = count
    answer[2 * i] = seconds
end
return answer
"""

_Reading = tuple[Sequence[str], "asyncio.Future[list[bytes | None]]"]
_Count = tuple[Sequence[tuple[str, int]], "asyncio.Future[list[tuple[int, int]]]"]


class RedisBatch:
    """Gathers what is asked in one turn of the event loop, or while the batch before is on its way.

    However many requests there are, Redis gets two commands: one that reads and one that counts. They go over one
    connection, which is kept; `redis` should set no timeout of its own, because a batch has one.
    """

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._connection: AbstractConnection | None = None
        self._readings: list[_Reading] = []
        self._counts: list[_Count] = []
        self._sender: asyncio.Task[None] | None = None
        self._paused_until = 0.0

    def read(self, *keys: str) -> "asyncio.Future[list[bytes | None]]":
        """The values of keys. Fails with `RedisError`."""
        future: asyncio.Future[list[bytes | None]] = asyncio.get_running_loop().create_future()
        if self._is_open(future):
            self._readings.append((keys, future))
        return future

    def count(self, *windows: tuple[str, int]) -> "asyncio.Future[list[tuple[int, int]]]":
        """Add one to each window, given as its key and length in seconds; its count and the seconds it has left.

        Fails with `RedisError`.
        """
        future: asyncio.Future[list[tuple[int, int]]] = asyncio.get_running_loop().create_future()
        if self._is_open(future):
            self._counts.append((windows, future))
        return future

    async def close(self) -> None:
        """Let go of the connection."""
        await self._redis.aclose()

    def _is_open(self, future: "asyncio.Future[Any]") -> bool:
        if time.monotonic() < self._paused_until:
            _fail(future, RedisConnectionError("Redis did not answer a moment ago"))
            return False
        if self._sender is None or self._sender.done():
            self._sender = asyncio.get_running_loop().create_task(self._send())
        return True

    async def _send(self) -> None:
        while self._readings or self._counts:
            readings, self._readings = self._readings, []
            counts, self._counts = self._counts, []
            try:
                async with asyncio.timeout(BATCH_TIMEOUT_SECONDS):
                    values, numbers = await self._ask(readings, counts)
            except (RedisError, OSError, TimeoutError) as error:
                self._paused_until = time.monotonic() + PAUSE_SECONDS
                failure = error if isinstance(error, RedisError) else RedisConnectionError(str(error))
                futures: list[asyncio.Future[Any]] = [future for _, future in readings]
                for future in (*futures, *(future for _, future in counts)):
                    _fail(future, failure)
            else:
                _hand_out(readings, values)
                _hand_out(counts, list(zip(numbers[::2], numbers[1::2], strict=True)))

    async def _ask(self, readings: list[_Reading], counts: list[_Count]) -> tuple[list[bytes | None], list[int]]:
        commands: list[tuple[Any, ...]] = []
        if readings:
            commands.append(("MGET", *(key for keys, _ in readings for key in keys)))
        if counts:
            windows = [window for windows, _ in counts for window in windows]
            keys, lengths = zip(*windows, strict=True)
            commands.append(("EVAL", COUNT_SCRIPT, len(windows), *keys, *lengths))
        answers = await self._exchange([pack_command(command) for command in commands])
        return answers[0] if readings else [], answers[-1] if counts else []

    async def _exchange(self, commands: Sequence[bytes]) -> list[Any]:
        if self._connection is None:
            pool: Any = self._redis.connection_pool
            self._connection = await pool.get_connection()
        return await round_trip(self._connection, commands)


def _hand_out(asked: Sequence[tuple[Sequence[Any], "asyncio.Future[Any]"]], answers: list[Any]) -> None:
    begin = 0
    for wanted, future in asked:
        end = begin + len(wanted)
        if not future.done():
            future.set_result(answers[begin:end])
        begin = end


def _fail(future: "asyncio.Future[Any]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        # Not everybody who asks waits for the answer: a request may be refused before.
        future.exception()
