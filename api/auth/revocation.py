"""What was revoked before its tokens expired, known to every process at once.

The database is the truth and Redis the fast copy: a mark for each session that ended while an access token of it could
still be good, and for each API key that changed while a process could still remember it.
"""

import asyncio
from collections.abc import Collection, Sequence
from functools import lru_cache
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.auth.session import repository
from api.database import DATABASE_DOWN, Database
from api.errors import ServiceUnavailable
from api.redis_batch import RedisBatch
from api.tenancy import PLATFORM

logger = structlog.get_logger(__name__)

# Set once the marks in Redis are complete: gone when Redis lost its data, and then they are made again.
COMPLETE = "auth:revoked:complete"
# Each is asked for with every request of its session.
KEYS_KEPT = 8192


@lru_cache(maxsize=KEYS_KEPT)
def revocation_key(credential_id: UUID) -> str:
    """Where the mark of a session or an API key is."""
    return f"auth:revoked:{credential_id}"


class Revocations:
    """Tells whether a session has ended, or an API key must be looked up again."""

    def __init__(self, redis: "Redis", batch: RedisBatch, database: Database, *, remembered_seconds: int) -> None:
        self._redis = redis
        self._batch = batch
        self._database = database
        self._remembered_seconds = remembered_seconds
        # A mark that could not be made is made up for before Redis is believed again.
        self._has_lost_marks = False

    def ask(self, credential_id: UUID) -> "asyncio.Future[list[bytes | None]]":
        """The values that `decide` wants, read in one round trip with whatever else is asked of Redis meanwhile."""
        return self._batch.read(COMPLETE, revocation_key(credential_id))

    async def decide(self, credential_id: UUID, values: Sequence[bytes | str | None] | None) -> bool:
        """Whether it was revoked, by the values of `ask`; None stands for a Redis that does not answer."""
        if values is None:
            return await self._ask_database(credential_id)
        is_complete, mark = values
        if is_complete is None or self._has_lost_marks:
            await self._restore()
            return mark is not None or await self._ask_database(credential_id)
        return mark is not None

    async def is_revoked(self, credential_id: UUID, asked: "asyncio.Future[list[bytes | None]] | None" = None) -> bool:
        """Whether it was revoked; `asked` is what `ask` gave, where that was before."""
        try:
            values = await (asked or self.ask(credential_id))
        except RedisError as error:
            logger.warning("revocations_not_read", error=str(error))
            values = None
        return await self.decide(credential_id, values)

    async def announce(self, credential_ids: Collection[UUID]) -> None:
        """Tell all processes. Raises `ServiceUnavailable` when that can't be promised: then nothing must be committed.

        Before the commit, so that no revocation is ever forgotten on the way; a commit that fails after it ends the
        access tokens of a session that otherwise goes on.
        """
        try:
            await self._mark(credential_ids)
        except RedisError as error:
            self._has_lost_marks = True
            logger.error("revocation_not_announced", error=str(error))
            raise ServiceUnavailable("Log-ins can't be ended just now. Nothing was changed: try again.") from error

    async def _mark(self, credential_ids: Collection[UUID]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for credential_id in credential_ids:
                pipe.set(revocation_key(credential_id), b"1", ex=self._remembered_seconds)
            await pipe.execute()

    async def _restore(self) -> None:
        """Make the marks again from the database. What fails is tried again by the next request."""
        try:
            async with self._database.reading(PLATFORM) as session:
                found = await repository.list_revoked(session, within_seconds=self._remembered_seconds)
            await self._mark(found)
            await self._redis.set(COMPLETE, b"1")
        except (RedisError, *DATABASE_DOWN) as error:
            logger.error("revocations_not_restored", error=str(error))
        else:
            self._has_lost_marks = False

    async def _ask_database(self, credential_id: UUID) -> bool:
        """The truth. When the database is down as well, the token's signature and short life must do."""
        try:
            async with self._database.reading(PLATFORM) as session:
                return await repository.is_revoked(session, credential_id)
        except DATABASE_DOWN as error:
            logger.warning("revocations_unknown", error=str(error))
            return False
