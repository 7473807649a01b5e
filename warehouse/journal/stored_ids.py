"""Looks ids of events up in Postgres, which knows every one that was ever stored."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import TupleRow

# Who asks is a request that somebody waits for, and an answer is not needed: storing looks again.
ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 1.0
CONNECT_TIMEOUT_SECONDS = 2
FIND = "select id, payload_hash from event_ids where id = any(%s::uuid [])"


class StoredIds:
    """Asks over one connection, which is kept: making one takes longer than asking for a thousand ids."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._turn = asyncio.Lock()
        self._paused_until = 0.0

    async def find(self, ids: Sequence[bytes]) -> dict[bytes, bytes | None]:
        """The hash of the payload under each id that is stored; None of one stored before hashes were kept.

        Raises `psycopg.OperationalError` when Postgres does not answer, and then at once for a while.
        """
        async with self._turn:
            if time.monotonic() < self._paused_until:
                raise psycopg.OperationalError("Postgres did not answer a moment ago")
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await self._find_again(ids)
            except (psycopg.OperationalError, TimeoutError) as error:
                self._paused_until = time.monotonic() + PAUSE_SECONDS
                await self._let_go()
                raise psycopg.OperationalError(f"ids can't be looked up: {error}") from error

    async def _find_again(self, ids: Sequence[bytes]) -> dict[bytes, bytes | None]:
        if self._connection is not None:
            try:
                return await self._ask(self._connection, ids)
            except psycopg.OperationalError:
                # A server that was started anew since the last time.
                await self._let_go()
        self._connection = await psycopg.AsyncConnection.connect(
            self._database_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS
        )
        return await self._ask(self._connection, ids)

    async def _ask(
        self, connection: psycopg.AsyncConnection[TupleRow], ids: Sequence[bytes]
    ) -> dict[bytes, bytes | None]:
        cursor = await connection.execute(FIND, ["{" + ",".join(map(bytes.hex, ids)) + "}"])
        rows: list[Any] = await cursor.fetchall()
        return {key.bytes: None if sent is None else sent.bytes for key, sent in rows}

    async def _let_go(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def close(self) -> None:
        """Let go of the connection."""
        async with self._turn:
            await self._let_go()
