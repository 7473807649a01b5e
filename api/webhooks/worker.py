"""Handles the inbox beside the requests, beginning with what an earlier process left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from api.database import Database
from api.lane import Lane, running
from api.lifespan import Resources
from api.payments.gateway import StripeGateway
from api.payments.ledger import repository as ledger
from api.tenancy import PLATFORM
from api.webhooks import handler, inbox
from api.webhooks.inbox import Claimed

logger = structlog.get_logger(__name__)

# Handled at the same time, so that one slow answer of Stripe does not hold up the others.
LANES = 4


class InboxLane(Lane):
    """Handles messages as they become due."""

    def __init__(
        self, database: Database, stripe: StripeGateway, arrived: asyncio.Event, ledger_woken: asyncio.Event
    ) -> None:
        super().__init__(arrived)
        self._database = database
        self._stripe = stripe
        self._ledger_woken = ledger_woken

    async def handle_next(self) -> bool:
        """Handle the message that is due longest; whether there was one."""
        async with self._database.writing(PLATFORM) as session:
            message = await inbox.claim(session)
        if message is None:
            return False
        # Where one was, there may be more: another lane shall look.
        self.arrived.set()
        try:
            await self._handle(message)
        except asyncio.CancelledError:
            async with self._database.writing(PLATFORM) as session:
                await inbox.release(session, message)
            raise
        except Exception as error:  # a message that can't be handled must not stop the others
            logger.exception("message_not_handled", message_id=message.external_id, attempt=message.attempt)
            async with self._database.writing(PLATFORM) as session:
                await inbox.postpone(session, message, f"{type(error).__name__}: {error}")
        return True

    async def _handle(self, message: Claimed) -> None:
        found = await handler.ask(self._database, self._stripe, message.payload)
        async with self._database.writing(PLATFORM) as session:
            await handler.apply(session, found)
            await inbox.finish(session, message)
            await ledger.wake(session)
        self._ledger_woken.set()
        logger.info("message_handled", message_id=message.external_id, event_type=message.event_type)

    async def seconds_until_next(self) -> float | None:
        """How long until a message is due; None when none waits."""
        async with self._database.reading(PLATFORM) as session:
            return await inbox.seconds_until_next(session)


@asynccontextmanager
async def handle_webhooks(resources: Resources) -> AsyncIterator[None]:
    """Handle the inbox while inside."""
    lanes = [
        InboxLane(resources.database, resources.stripe, resources.webhook_arrived, resources.ledger_woken)
        for _ in range(LANES)
    ]
    async with running(*lanes):
        yield
