"""Commands over a kept connection, and what becomes of it when something goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
from hiredis import pack_command
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from warehouse.round_trip import round_trip


def over_one_connection(redis_url: str, talk: Callable[[Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        client = Redis.from_url(redis_url)
        connection = await client.connection_pool.get_connection()
        try:
            return await talk(connection)
        finally:
            await connection.disconnect()
            await client.aclose()

    return asyncio.run(run())


def say(word: str) -> bytes:
    return pack_command(("ECHO", word))


class TestRoundTrip:
    def test_each_command_gets_its_answer(self, redis_url):
        assert over_one_connection(redis_url, lambda line: round_trip(line, [say("a"), say("b")])) == [b"a", b"b"]

    def test_a_connection_that_was_cut_is_made_again(self, redis_url):
        async def talk(line: Any) -> list[Any]:
            await round_trip(line, [say("a")])
            redis.Redis.from_url(redis_url).client_kill_filter(_type="normal")
            return await round_trip(line, [say("b")])

        assert over_one_connection(redis_url, talk) == [b"b"]

    def test_what_was_not_read_is_no_answer_to_the_next_command(self, redis_url):
        async def talk(line: Any) -> list[Any]:
            with pytest.raises(ResponseError):
                await round_trip(line, [pack_command(("NO-SUCH-COMMAND",)), say("left behind")])
            return await round_trip(line, [say("b")])

        assert over_one_connection(redis_url, talk) == [b"b"]
