"""Reads Stripe's ledger beside the requests: a page at a time, when a message says so and every now and then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from api.database import Database
from api.lane import Lane, running
from api.lifespan import Resources
from api.payments.gateway import CLOCK_SKEW, StripeGateway, StripeRefused, StripeUnavailable
from api.payments.ledger import repository
from api.payments.ledger.repository import Walk
from api.tenancy import PLATFORM

logger = structlog.get_logger(__name__)


class LedgerLane(Lane):
    """Reads the ledger page by page. A page that is read twice is stored once."""

    def __init__(self, database: Database, stripe: StripeGateway, arrived: asyncio.Event) -> None:
        super().__init__(arrived)
        self._database = database
        self._stripe = stripe

    async def handle_next(self) -> bool:
        """Read the next page that is due; whether there was one."""
        async with self._database.writing(PLATFORM) as session:
            walk = await repository.claim(session)
        if walk is None:
            return False
        try:
            await self._read_page(walk)
        except asyncio.CancelledError:
            async with self._database.writing(PLATFORM) as session:
                await repository.release(session, walk)
            raise
        except (StripeUnavailable, StripeRefused) as error:
            # A place that Stripe does not know is one in another account's ledger.
            is_walk_lost = isinstance(error, StripeRefused) and walk.after is not None
            logger.warning("ledger_not_read", error=str(error), failures=walk.failure_count + 1)
            async with self._database.writing(PLATFORM) as session:
                await repository.postpone(
                    session, walk, f"{type(error).__name__}: {error}", is_walk_lost=is_walk_lost
                )  # fmt: skip
        return True

    async def _read_page(self, walk: Walk) -> None:
        # What was booked in the second of the last walk, or by a clock behind ours, is read once more.
        since = walk.read_through - CLOCK_SKEW if walk.read_through is not None else None
        page = await self._stripe.list_bookings(since=since, after=walk.after)
        async with self._database.writing(PLATFORM) as session:
            await repository.store(session, page.bookings)
            if page.has_more:
                await repository.go_on(session, walk, after=page.bookings[-1].id)
            else:
                await repository.finish(session, walk)

    async def seconds_until_next(self) -> float | None:
        """How long until a page is due."""
        async with self._database.reading(PLATFORM) as session:
            return await repository.seconds_until_next(session)


@asynccontextmanager
async def read_ledger(resources: Resources) -> AsyncIterator[None]:
    """Read the ledger while inside."""
    async with running(LedgerLane(resources.database, resources.stripe, resources.ledger_woken)):
        yield
