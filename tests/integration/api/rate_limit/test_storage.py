"""Counters of limits, in a real Redis."""

import asyncio

import redis.asyncio as redis

from api.rate_limit.policy import scaled
from api.rate_limit.storage import BatchedRedisStorage
from api.redis_batch import RedisBatch

ITEM = scaled("5/minute", 1.0, "GET /made-up")


class TestReset:
    def test_forgets_every_counter_and_nothing_else(self, redis_url: str):
        async def run() -> tuple[int, list[tuple[int, int]], bytes | None]:
            async with redis.Redis.from_url(redis_url) as client:
                batch = RedisBatch(client)
                storage = BatchedRedisStorage(client, batch)
                await storage.reset()
                await client.set("kept", "1")
                for caller in ("ann", "bob"):
                    await storage.count((ITEM, caller))
                forgotten = await storage.reset()
                again = await storage.count((ITEM, "ann"))
                kept = await client.get("kept")
                await client.delete("kept")
                await batch.close()
                return forgotten, again, kept

        forgotten, again, kept = asyncio.run(run())
        assert (forgotten, again[0][0], kept) == (2, 1, b"1")
