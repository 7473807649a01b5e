"""What waits to be done, for `/metrics`: nobody sees it in answers, until it is too late."""

import asyncio
import math
from collections.abc import Awaitable

import structlog
from prometheus_client import Gauge

from api.lifespan import Resources
from api.outbox.repository import count_tasks
from api.tenancy import PLATFORM

logger = structlog.get_logger(__name__)

TASKS = Gauge(
    "outbox_tasks",
    "Mails and Stripe customers that are owed: waiting for their next attempt, or failed for good",
    ("state",),
)
ENTRIES = Gauge("event_journal_entries", "Batches of events that were accepted and are not stored yet")
DROPPED = Gauge("event_journal_dropped_events", "Tracking events this process lost since it started")
# Whoever asks for measurements gives up soon; a server that is down must not take them all along.
TIMEOUT_SECONDS = 2.0
UNKNOWN = math.nan


async def measure_backlog(resources: Resources) -> None:
    """Set the gauges; what can't be learned just now is not a number."""
    DROPPED.set(resources.journal.dropped)
    await asyncio.gather(
        _measure(_measure_outbox(resources), *(TASKS.labels(state) for state in ("waiting", "failed"))),
        _measure(_measure_journal(resources), ENTRIES),
    )


async def _measure_outbox(resources: Resources) -> None:
    async with resources.database.reading(PLATFORM) as session:
        waiting, failed = await count_tasks(session)
    TASKS.labels("waiting").set(waiting)
    TASKS.labels("failed").set(failed)


async def _measure_journal(resources: Resources) -> None:
    ENTRIES.set(await resources.journal.count_entries())


async def _measure(measuring: Awaitable[None], *gauges: Gauge) -> None:
    try:
        await asyncio.wait_for(measuring, TIMEOUT_SECONDS)
    except Exception as error:  # other measurements are worth having whatever is wrong with these
        logger.warning("backlog_not_measured", error=f"{type(error).__name__}: {error}")
        for gauge in gauges:
            gauge.set(UNKNOWN)
