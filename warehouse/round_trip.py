"""Commands to Redis and their answers, over a connection the caller keeps."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError


async def round_trip(connection: AbstractConnection, commands: Sequence[bytes]) -> list[Any]:
    """Send commands that `hiredis.pack_command` packed, and read their answers. Raises `RedisError` or `OSError`.

    As redis-py's pipeline does, which packs in Python: that alone costs more than the rest of the round trip. A
    connection with a timeout of its own makes a task of every sending: leave time to the caller.
    """
    try:
        return await _try(connection, commands)
    except RedisConnectionError:
        # A Redis that was started anew since the last time: the connection is made again by its next use.
        return await _try(connection, commands)


async def _try(connection: AbstractConnection, commands: Sequence[bytes]) -> list[Any]:
    try:
        await connection.send_packed_command(b"".join(commands))
        return [await connection.read_response() for _ in commands]
    except BaseException:
        # What was not read would be taken for the answer to the next command.
        await connection.disconnect(nowait=True)
        raise
