"""Counters of limits in Redis."""

from dataclasses import dataclass

from limits import RateLimitItem
from limits.aio.storage import Storage
from redis.exceptions import RedisError

from api.redis_batch import RedisBatch

# A window begins with its first request and ends by itself.
COUNT_SCRIPT = """
local counts = {}
for i, key in ipairs(KEYS) do
    local count = redis.call('incrby', key, 1)
    if count == 1 then redis.call('expire', key, ARGV[i]) end
    local seconds = redis.call('ttl', key)
    if seconds < 0 then redis.call('expire', key, ARGV[i]) seconds = tonumber(ARGV[i]) end
    counts[2 * i - 1] = count
    counts[2 * i] = seconds
end
return counts
"""
# A window that has ended takes nothing back.
GIVE_BACK_SCRIPT = "return redis.call('exists', KEYS[1]) == 1 and redis.call('decr', KEYS[1]) or 0"


@dataclass(frozen=True)
class Window:
    """How often a limit was used since its window began, and when the next one begins."""

    count: int
    seconds_left: int


class BatchedRedisStorage(Storage):
    """A storage for `limits` that counts all limits of all concurrent requests in one round trip."""

    STORAGE_SCHEME = None

    def __init__(self, batch: RedisBatch) -> None:
        super().__init__()
        self._batch = batch

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a Redis that does not answer raises."""
        return RedisError

    async def count(self, *items: tuple[RateLimitItem, str]) -> list[Window]:
        """Use each limit, by whom it is used, once. Raises `RedisError`."""
        keys = [item.key_for(caller) for item, caller in items]
        expiries = [item.get_expiry() for item, _ in items]
        found = await self._batch.submit("EVAL", COUNT_SCRIPT, len(keys), *keys, *expiries)
        return [Window(*found[i : i + 2]) for i in range(0, len(found), 2)]

    async def give_back(self, key: str) -> None:
        """Undo one use of the limit of a key, if its window has not ended. Raises `RedisError`."""
        await self._batch.submit("EVAL", GIVE_BACK_SCRIPT, 1, key)

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Use the limit of a key."""
        found = [0]
        for _ in range(amount):
            found = await self._batch.submit("EVAL", COUNT_SCRIPT, 1, key, expiry)
        return int(found[0])

    async def get(self, key: str) -> int:
        """How often the limit of a key was used."""
        return int(await self._batch.submit("GET", key) or 0)

    async def get_expiry(self, key: str) -> float:
        """When the window of a key ends, in seconds since the epoch."""
        time, left = await self._batch.submit("TIME"), await self._batch.submit("TTL", key)
        return float(time[0]) + max(int(left), 0)

    async def check(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(await self._batch.submit("PING"))
        except RedisError:
            return False

    async def reset(self) -> int | None:
        """Counters are never reset together."""
        raise NotImplementedError

    async def clear(self, key: str) -> None:
        """Forget the counter of a key."""
        await self._batch.submit("DEL", key)
