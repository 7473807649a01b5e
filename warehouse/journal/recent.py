"""Ids of events that were accepted and are not yet surely stored. Postgres, which remembers for ever, knows the others.

They are kept in Redis, each with the entry of the stream that holds its event, in hashes that begin anew every half
hour and vanish by themselves. The flusher takes them out once their events are stored, so that there are never many.
"""

import time
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from itertools import chain

import redis
from redis.asyncio import Redis as AsyncRedis

from warehouse.events import SERVER_SOURCES, EventInvalid
from warehouse.intake import ReadyEvent
from warehouse.journal.stream import ACCEPTED, DUPLICATES_FIELD, RECENT_FIELD, STREAM, read_entry

BUCKET_SECONDS = 1800
BUCKETS = 2
# A request asks Postgres for its ids first and Redis afterwards. One that had asked before they were stored must still
# find them here: it is done by then.
FORGET_SECONDS = 10.0

# One round trip, and nobody comes between looking and appending: of two requests with the same event one gets it in.
# Ids come as one text, because a thousand arguments cost more to send than to look up. Answers with the length of the
# stream; or with -1 and, of each known id, its place from 0 and the entry of the stream that holds its event.
APPEND_SCRIPT = f"""
local ids = {{}}
for i = 1, #ARGV[5] / 16 do
    ids[i] = string.sub(ARGV[5], i * 16 - 15, i * 16)
end
if ARGV[6] == '1' then
    local known = {{-1}}
    for bucket = 3, #KEYS do
        if redis.call('exists', KEYS[bucket]) == 1 then
            for first = 1, #ids, 1000 do
                local found = redis.call('hmget', KEYS[bucket], unpack(ids, first, math.min(first + 999, #ids)))
                for i, entry in ipairs(found) do
                    if entry then
                        known[#known + 1] = first + i - 2
                        known[#known + 1] = entry
                    end
                end
            end
        end
    end
    if #known > 1 then
        return known
    end
end
local entry = redis.call(
    'xadd', KEYS[1], '*', ARGV[1], ARGV[2], '{DUPLICATES_FIELD.decode()}', ARGV[4], '{RECENT_FIELD.decode()}', KEYS[3]
)
for first = 1, #ids, 1000 do
    local pairs = {{}}
    for i = first, math.min(first + 999, #ids) do
        pairs[#pairs + 1] = ids[i]
        pairs[#pairs + 1] = entry
    end
    redis.call('hset', KEYS[3], unpack(pairs))
end
if #ids > 0 then
    redis.call('expire', KEYS[3], {BUCKET_SECONDS * BUCKETS})
end
redis.call('incrby', KEYS[2], ARGV[3])
return {{redis.call('xlen', KEYS[1])}}
"""

# The same for events that nobody sends again. Redis reads a script for each call: a short one answers sooner.
APPEND_OWN_SCRIPT = """
redis.call('xadd', KEYS[1], '*', ARGV[1], ARGV[2])
redis.call('incrby', KEYS[2], ARGV[3])
return {redis.call('xlen', KEYS[1])}
"""


def bucket_keys() -> list[str]:
    """Where ids are remembered, the newest first."""
    now = int(time.time() // BUCKET_SECONDS)
    return [f"events:waiting:{now - age}" for age in range(BUCKETS)]


def script_keys() -> list[str]:
    """The keys of the scripts: stream, counter, and where ids are remembered."""
    return [STREAM, ACCEPTED, *bucket_keys()]


async def read_payload_hashes(client: "AsyncRedis", stream_ids: Collection[bytes]) -> dict[bytes, bytes]:
    """What is said in entries of the stream that are still there: hashes by the events' ids. Raises `RedisError`."""
    pipeline = client.pipeline(transaction=False)
    for stream_id in stream_ids:
        pipeline.xrange(STREAM, min=stream_id, max=stream_id)
    found: dict[bytes, bytes] = {}
    for stream_id, fields in chain.from_iterable(await pipeline.execute()):
        with suppress(EventInvalid):
            found |= {event.id: event.payload_hash for event in read_entry(stream_id, fields).read()}
    return found


class Forgetting:
    """The flusher's part: ids whose events are stored are taken out a little later."""

    def __init__(self, client: "redis.Redis", *, after_seconds: float = FORGET_SECONDS) -> None:
        self._redis = client
        self._after_seconds = after_seconds
        self._waiting: deque[tuple[float, str, Sequence[bytes]]] = deque()

    def note(self, bucket: str, events: Iterable[ReadyEvent]) -> None:
        """The events, remembered in `bucket`, are stored."""
        ids = [event.id for event in events if event.source not in SERVER_SOURCES]
        if ids:
            self._waiting.append((time.monotonic() + self._after_seconds, bucket, ids))

    def forget(self) -> None:
        """Take out those that have waited long enough. What a killed flusher leaves vanishes by itself."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, bucket, ids = self._waiting.popleft()
            self._redis.hdel(bucket, *ids)
