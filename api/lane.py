"""Work that waits in a table: taken row by row beside the requests, each tried again until it succeeds."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

logger = structlog.get_logger(__name__)

FIRST_RETRY = timedelta(seconds=1)
# What can't be done costs one attempt an hour, until whatever is wrong with it or with us is mended.
LAST_RETRY = timedelta(hours=1)
# Rows another process wrote and did not live to handle are noticed this late at most.
LONGEST_WAIT_SECONDS = 30.0
# When the database is away there is nothing to do but to try again.
PAUSE_SECONDS = 2.0
ERROR_MAX_LENGTH = 1000


class Lane(ABC):
    """Handles rows as they become due, one at a time, for ever. `arrived` is set by whoever writes one."""

    def __init__(self, arrived: asyncio.Event) -> None:
        self.arrived = arrived

    @abstractmethod
    async def handle_next(self) -> bool:
        """Handle the row that is due longest; whether there was one."""

    @abstractmethod
    async def seconds_until_next(self) -> float | None:
        """How long until a row is due, 0 when one is; None when none waits."""

    async def run(self) -> None:
        """Run until cancelled. What is cancelled in the middle is left to the next process."""
        while True:
            try:
                # Cleared before looking: what arrives while looking is looked for again.
                self.arrived.clear()
                if not await self.handle_next():
                    await self._wait()
            except Exception as error:  # whatever fails, rows that come later must still be handled
                logger.exception("lane_unavailable", lane=type(self).__name__, error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _wait(self) -> None:
        seconds = await self.seconds_until_next()
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT_SECONDS if seconds is None else min(seconds, LONGEST_WAIT_SECONDS)):
                await self.arrived.wait()


@asynccontextmanager
async def running(*lanes: Lane) -> AsyncIterator[None]:
    """Let the lanes run while inside."""
    tasks = [asyncio.create_task(lane.run(), name=type(lane).__name__) for lane in lanes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def retry_delay(attempt: int) -> timedelta:
    """How long to wait after this attempt, counted from 1."""
    # The exponent is bounded before the power: attempts go on for as long as a row can't be handled.
    factor: int = 2 ** min(attempt - 1, 20)
    return min(LAST_RETRY, FIRST_RETRY * factor)


def storable_error(error: str) -> str:
    """Why an attempt failed, as it is kept beside the row. Postgres stores no NUL, and an error may quote one."""
    return error.replace("\x00", "\\x00")[:ERROR_MAX_LENGTH]
