"""When sessions and API keys were last used: noted in memory, written in batches beside the requests."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from sqlalchemy import func, update
from sqlalchemy.exc import SQLAlchemyError

from api.auth.identity import Identity
from api.database import Database
from api.models import ApiKey, LoginSession
from api.tenancy import PLATFORM

if TYPE_CHECKING:
    from api.lifespan import Resources

logger = structlog.get_logger(__name__)

# Each id is written at most this often.
WRITTEN_EVERY_SECONDS = 60.0
# What is used at the same time is written together.
GATHERED_SECONDS = 0.2


class LastUse:
    """Collects who was here. Losing a note loses a minute of precision and nothing else."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted_at: dict[UUID, float] = {}
        self._sessions: set[UUID] = set()
        self._api_keys: set[UUID] = set()
        self._noted = asyncio.Event()

    def note(self, identity: Identity, *, written_at: float = 0.0) -> None:
        """An identity is being used now; `written_at` is when its use was last written by something else."""
        now = time.time()
        last = max(written_at, self._noted_at.get(identity.credential_id, 0.0))
        if now - last < WRITTEN_EVERY_SECONDS:
            return
        self._noted_at[identity.credential_id] = now
        (self._api_keys if identity.session_id is None else self._sessions).add(identity.credential_id)
        self._noted.set()

    async def write(self) -> None:
        """Write what was noted since the last time."""
        self._noted.clear()
        sessions, self._sessions = self._sessions, set()
        api_keys, self._api_keys = self._api_keys, set()
        stale = time.time() - WRITTEN_EVERY_SECONDS
        self._noted_at = {each: at for each, at in self._noted_at.items() if at > stale}
        if not sessions and not api_keys:
            return
        try:
            await self._write(sorted(sessions), sorted(api_keys))
        except SQLAlchemyError as error:
            logger.warning("last_use_not_written", count=len(sessions) + len(api_keys), error=str(error))

    async def _write(self, sessions: Sequence[UUID], api_keys: Sequence[UUID]) -> None:
        async with self._database.writing(PLATFORM) as session:
            if sessions:
                await session.execute(
                    update(LoginSession).where(LoginSession.id.in_(sessions)).values(last_used_at=func.now())
                )
            if api_keys:
                await session.execute(update(ApiKey).where(ApiKey.id.in_(api_keys)).values(last_used_at=func.now()))

    async def write_for_ever(self) -> None:
        """Write what is noted, soon after it is."""
        while True:
            await self._noted.wait()
            await asyncio.sleep(GATHERED_SECONDS)
            await self.write()


@asynccontextmanager
async def write_last_use(resources: "Resources") -> AsyncIterator[None]:
    """Writes as long as the block runs, and once more after it."""
    task = asyncio.create_task(resources.last_use.write_for_ever(), name="last-use")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await resources.last_use.write()
