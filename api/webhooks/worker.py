"""Handles the inbox beside the requests, beginning with what an earlier process left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from api.database import Database
from api.lifespan import Resources
from api.payments.gateway import StripeGateway
from api.webhooks import handler, inbox
from api.webhooks.inbox import Claimed

logger = structlog.get_logger(__name__)

# Handled at the same time, so that one slow answer of Stripe does not hold up the others.
LANES = 4
# Messages another process stored and did not live to handle are noticed this late at most.
LONGEST_WAIT_SECONDS = 30.0
# When the database is away there is nothing to do but to try again.
PAUSE_SECONDS = 2.0


class InboxWorker:
    """Handles messages as they become due, for ever. `arrived` is set by whoever stores one."""

    def __init__(self, database: Database, stripe: StripeGateway, arrived: asyncio.Event) -> None:
        self._database = database
        self._stripe = stripe
        self._arrived = arrived

    async def run(self) -> None:
        """Run until cancelled. What is cancelled in the middle is left to the next process."""
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(self._run_lane())

    async def _run_lane(self) -> None:
        while True:
            try:
                # Cleared before looking: what arrives while looking is looked for again.
                self._arrived.clear()
                if not await self.handle_next():
                    await self._wait()
            except Exception as error:  # whatever fails, messages that come later must still be handled
                logger.exception("inbox_unavailable", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)

    async def handle_next(self) -> bool:
        """Handle the message that is due longest; whether there was one."""
        async with self._database.writing() as session:
            message = await inbox.claim(session)
        if message is None:
            return False
        # Where one was, there may be more: another lane shall look.
        self._arrived.set()
        try:
            await self._handle(message)
        except asyncio.CancelledError:
            async with self._database.writing() as session:
                await inbox.release(session, message)
            raise
        except Exception as error:  # a message that can't be handled must not stop the others
            logger.exception("message_not_handled", message_id=message.external_id, attempt=message.attempt)
            async with self._database.writing() as session:
                await inbox.postpone(session, message, f"{type(error).__name__}: {error}")
        return True

    async def _handle(self, message: Claimed) -> None:
        found = await handler.ask(self._database, self._stripe, message.payload)
        async with self._database.writing() as session:
            await handler.apply(session, found)
            await inbox.finish(session, message)
        logger.info("message_handled", message_id=message.external_id, event_type=message.event_type)

    async def _wait(self) -> None:
        async with self._database.reading() as session:
            seconds = await inbox.seconds_until_next(session)
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT_SECONDS if seconds is None else min(seconds, LONGEST_WAIT_SECONDS)):
                await self._arrived.wait()


@asynccontextmanager
async def handle_webhooks(resources: Resources) -> AsyncIterator[None]:
    """Handle the inbox while inside."""
    worker = InboxWorker(resources.database, resources.stripe, resources.webhook_arrived)
    running = asyncio.create_task(worker.run(), name="webhook-inbox")
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
