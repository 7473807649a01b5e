"""Organizations as customers of Stripe."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from api.database import Database
from api.lifespan import Resources
from api.models import Organization
from api.payments.gateway import StripeGateway
from api.tenancy import PLATFORM


async def ensure_customer(
    database: Database, stripe: StripeGateway, organization_id: UUID, *, other_than: str | None = None
) -> str:
    """The organization's customer, made where there is none yet or where Stripe knows it no longer (`other_than`).

    Asked twice at the same time, Stripe makes one. Raises what the gateway raises.
    """
    async with database.reading(PLATFORM) as session:
        known = await session.scalar(select(Organization.stripe_customer_id).where(Organization.id == organization_id))
    if known is not None and known != other_than:
        return known
    made = await stripe.create_customer(organization_id)
    async with database.writing(PLATFORM) as session:
        await session.execute(
            update(Organization).where(Organization.id == organization_id).values(stripe_customer_id=made)
        )
    return made


async def sync_customer(resources: Resources, payload: dict[str, Any]) -> None:
    """Let Stripe have a customer with the organization's present name: a task of the outbox."""
    organization_id = UUID(payload["organization_id"])
    async with resources.database.reading(PLATFORM) as session:
        name = await session.scalar(select(Organization.name).where(Organization.id == organization_id))
    if name is None:
        return
    customer_id = await ensure_customer(resources.database, resources.stripe, organization_id)
    await resources.stripe.name_customer(customer_id, name)
