"""Log-ins that were ended before their tokens expired."""

from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.errors import ServiceUnavailable

logger = structlog.get_logger(__name__)


class EndedLogins:
    """Remembers in Redis which log-ins were ended, for as long as a token of theirs could live."""

    def __init__(self, redis: "Redis", *, remembered_seconds: int) -> None:
        self._redis = redis
        self._remembered_seconds = remembered_seconds

    async def end(self, login_id: UUID) -> None:
        """From now on no token of this log-in is accepted. Raises `ServiceUnavailable` when that can't be promised."""
        try:
            await self._redis.set(_key(login_id), b"1", ex=self._remembered_seconds)
        except RedisError as error:
            logger.error("login_not_ended", error=str(error))
            raise ServiceUnavailable(f"The log-in can't be ended just now. Try again. Log-in: {login_id}") from error

    async def has_ended(self, login_id: UUID) -> bool:
        """Whether the log-in was ended. When Redis is down the token's signature and short life must do."""
        try:
            return bool(await self._redis.exists(_key(login_id)))
        except RedisError as error:
            logger.warning("ended_logins_unknown", error=str(error))
            return False


def _key(login_id: UUID) -> str:
    return f"auth:ended:{login_id}"
