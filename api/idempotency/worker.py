"""Forgets kept answers beside the requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.database import Database
from api.idempotency import repository
from api.tenancy import PLATFORM

logger = structlog.get_logger(__name__)

PAUSE_SECONDS = 900.0


class _HasDatabase(Protocol):
    @property
    def database(self) -> Database: ...


@asynccontextmanager
async def forget_answers(resources: _HasDatabase) -> AsyncIterator[None]:
    """Delete expired keys from time to time, as long as the block runs."""
    task = asyncio.create_task(_run(resources.database))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _run(database: Database) -> None:
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            async with database.writing(PLATFORM) as session:
                await repository.delete_expired(session)
        except (SQLAlchemyError, OSError) as error:
            logger.warning("idempotency_keys_not_forgotten", error=type(error).__name__)
