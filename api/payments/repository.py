"""Rows of orders, refunds and entitlements as payments change them, whoever is asking: Stripe has no tenant."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncWriteSession
from api.models import Entitlement, Order, Refund

PROVIDER_STRIPE = "stripe"


async def lock_order(session: AsyncWriteSession, order_id: UUID) -> Order | None:
    """An order nobody else changes until the end of the transaction, as it is now."""
    wanted = select(Order).where(Order.id == order_id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(wanted)).one_or_none()


async def lock_paid_by(
    session: AsyncWriteSession, payment_intent_id: str | None, order_id: UUID | None
) -> Order | None:
    """The locked order a payment is for: the one that knows the payment, else the one its metadata names."""
    found = None
    if payment_intent_id is not None:
        found = await find_order_id(session, payment_intent_id)
    wanted = found or order_id
    order = await lock_order(session, wanted) if wanted is not None else None
    return order if order is not None and order.provider == PROVIDER_STRIPE else None


async def find_order_id(session: AsyncSession, payment_intent_id: str) -> UUID | None:
    """The id of the order that knows a payment."""
    return await session.scalar(select(Order.id).where(Order.stripe_payment_intent_id == payment_intent_id))


async def is_settled(session: AsyncSession, payment_intent_id: str) -> bool:
    """Whether nothing more can be learned from the payment itself: it was taken and its fee is known."""
    wanted = select(Order.id).where(
        Order.stripe_payment_intent_id == payment_intent_id, Order.paid_at.is_not(None), Order.fee_cents.is_not(None)
    )
    return await session.scalar(wanted) is not None


async def grant_entitlement(session: AsyncWriteSession, order: Order) -> None:
    """Grant what a paid order grants; once."""
    await session.execute(
        insert(Entitlement)
        .values(
            organization_id=order.buyer_organization_id,
            prompt_id=order.prompt_id,
            order_id=order.id,
            granted_at=order.paid_at,
        )
        .on_conflict_do_nothing(index_elements=["order_id"])
    )


async def find_entitlement(session: AsyncSession, order_id: UUID) -> Entitlement | None:
    """What an order granted, revoked or not."""
    return (await session.scalars(select(Entitlement).where(Entitlement.order_id == order_id))).one_or_none()


async def find_refund(
    session: AsyncSession, order_id: UUID, *, stripe_refund_id: str, refund_id: UUID | None
) -> Refund | None:
    """Our row of a refund at Stripe: the one that knows it, else the one its metadata names."""
    known = await session.scalar(select(Refund).where(Refund.stripe_refund_id == stripe_refund_id))
    if known is not None or refund_id is None:
        return known
    named = select(Refund).where(Refund.id == refund_id, Refund.order_id == order_id, Refund.stripe_refund_id.is_(None))
    return (await session.scalars(named)).one_or_none()


@dataclass(frozen=True)
class RefundSum:
    """What several refunds come to, in minor units, and when the latest of them happened."""

    amount_cents: int
    latest_at: datetime | None


async def sum_refunds(session: AsyncSession, order_id: UUID, *statuses: str) -> RefundSum:
    """The refunds of an order that are in these states, added up."""
    wanted = select(func.coalesce(func.sum(Refund.amount_cents), 0), func.max(Refund.refunded_at)).where(
        Refund.order_id == order_id, Refund.status.in_(statuses)
    )
    amount_cents, latest_at = (await session.execute(wanted)).one()
    return RefundSum(int(amount_cents), latest_at)


async def find_unsent_refund(session: AsyncSession, order_id: UUID) -> Refund | None:
    """A refund whose answer from Stripe never reached us."""
    wanted = (
        select(Refund)
        .where(Refund.order_id == order_id, Refund.status == "pending", Refund.stripe_refund_id.is_(None))
        .order_by(Refund.created_at)
        .limit(1)
    )
    return (await session.scalars(wanted)).one_or_none()
