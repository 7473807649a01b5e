"""Who does which task of the outbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.auth.recovery.delivery import send_notice, send_password_reset, send_verification
from api.lane import running
from api.lifespan import Resources
from api.mail.alert import send_alert
from api.moderation.delivery import send_decision
from api.organizations.invitation.delivery import send_invitation
from api.outbox.worker import OutboxLane, Route
from api.payments.customer import sync_customer

# Nine hours or so: a mail server that is away for longer has people looking after it.
MAIL_ATTEMPTS_MAX = 20

ROUTES = (
    Route(
        {
            "mail.email_verification": send_verification,
            "mail.password_reset": send_password_reset,
            "mail.invitation": send_invitation,
            "mail.notice": send_notice,
            "mail.decision": send_decision,
            "mail.alert": send_alert,
        },
        attempts_max=MAIL_ATTEMPTS_MAX,
    ),
    # A customer is owed to each organization however long Stripe is away.
    Route({"stripe.customer": sync_customer}, attempts_max=None),
)


@asynccontextmanager
async def empty_outbox(resources: Resources) -> AsyncIterator[None]:
    """Do what the outbox holds while inside."""
    async with running(*(OutboxLane(resources, route) for route in ROUTES)):
        yield
