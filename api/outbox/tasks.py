"""Who does which task of the outbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.lane import running
from api.lifespan import Resources
from api.moderation.delivery import send_decision
from api.outbox.worker import OutboxLane, Route
from api.payments.customer import sync_customer

# Nine hours or so: a mail server that is away for longer has people looking after it.
DECISION_ATTEMPTS_MAX = 20

ROUTES = (
    Route({"mail.decision": send_decision}, attempts_max=DECISION_ATTEMPTS_MAX),
    # A customer is owed to each organization however long Stripe is away.
    Route({"stripe.customer": sync_customer}, attempts_max=None),
)


@asynccontextmanager
async def empty_outbox(resources: Resources) -> AsyncIterator[None]:
    """Do what the outbox holds while inside."""
    async with running(*(OutboxLane(resources, route) for route in ROUTES)):
        yield
