"""Counters of limits in Redis, as a storage of the `limits` library."""

import asyncio
import time

from limits import RateLimitItem
from limits.aio.storage import Storage
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.rate_limit.policy import COUNTERS
from api.redis_batch import RedisBatch

# Looked at in one step: Redis does nothing else meanwhile.
KEYS_AT_ONCE = 1000
# A window that has ended takes nothing back.
GIVE_BACK_SCRIPT = "return redis.call('exists', KEYS[1]) == 1 and redis.call('decr', KEYS[1]) or 0"

# How often a limit was used since its window began, and in how many seconds the next one begins.
Window = tuple[int, int]


class BatchedRedisStorage(Storage):
    """Counts all limits of all concurrent requests in one round trip."""

    STORAGE_SCHEME = None

    def __init__(self, redis: "Redis", batch: RedisBatch) -> None:
        super().__init__()
        self._redis = redis
        self._batch = batch

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a Redis that does not answer raises."""
        return RedisError

    def count(self, *items: tuple[RateLimitItem, str]) -> "asyncio.Future[list[Window]]":
        """Use each limit, by whom it is used, once. Fails with `RedisError`."""
        return self._batch.count(*((item.key_for(caller), item.get_expiry()) for item, caller in items))

    async def give_back(self, key: str) -> None:
        """Undo one use of the limit of a key, if its window has not ended. Raises `RedisError`."""
        await self._redis.eval(GIVE_BACK_SCRIPT, 1, key)

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Use the limit of a key."""
        windows = await self._batch.count(*[(key, expiry)] * amount)
        return windows[-1][0]

    async def get(self, key: str) -> int:
        """How often the limit of a key was used."""
        [value] = await self._batch.read(key)
        return int(value or 0)

    async def get_expiry(self, key: str) -> float:
        """When the window of a key ends, in seconds since the epoch."""
        seconds: int = await self._redis.ttl(key)
        return time.time() + max(seconds, 0)

    async def check(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(await self._redis.ping())
        except RedisError:
            return False

    async def reset(self) -> int:
        """Forget the counters of all limits; how many there were. Other keys of Redis stay."""
        forgotten = 0
        # In parts, and each deleted where nobody waits for it.
        async for key in self._redis.scan_iter(match=f"{COUNTERS}*", count=KEYS_AT_ONCE):
            forgotten += await self._redis.unlink(key)
        return forgotten

    async def clear(self, key: str) -> None:
        """Forget the counter of a key."""
        await self._redis.delete(key)
