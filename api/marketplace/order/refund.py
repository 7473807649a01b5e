"""Giving money back: the refund is written, then asked of Stripe, then what Stripe answered is applied."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import AuditedObject, record
from api.auth.identity import Identity
from api.database import AsyncWriteSession, Database
from api.marketplace.order.errors import (
    OrderNotFound,
    OrderNotRefundable,
    RefundRefused,
    RefundTooLarge,
    RefundUnderWay,
    RefundUnsettled,
    RefundWindowClosed,
)
from api.marketplace.order.schemas import RefundBody, RefundDetail
from api.models import Order, Refund
from api.payments.gateway import StripeGateway, StripeRefused, StripeUnavailable
from api.payments.repository import find_unsent_refund, lock_order, sum_refunds
from api.payments.settlement import apply_refund
from api.payments.stripe_object import StripeRefund
from api.tenancy import PLATFORM, scope_of

logger = structlog.get_logger(__name__)

# As long as the right of withdrawal in distance selling (Directive 2011/83/EU, article 9).
REFUND_WINDOW_DAYS = 14


async def refund_order(
    database: Database, stripe: StripeGateway, user: Identity, order_id: UUID, *, wanted: RefundBody
) -> RefundDetail:
    """Refund an order in part or whole. Raises the errors of `order.errors` that speak of refunds."""
    async with database.writing(scope_of(user)) as session:
        order = await _lock(session, user, order_id)
        refund, is_new = await _begin(session, order, wanted)
    assert order.stripe_payment_intent_id is not None, f"a paid order knows its payment: {order_id}"
    try:
        found = None if is_new else await _find(stripe, order.stripe_payment_intent_id, refund.id)
        found = found or await stripe.create_refund(
            refund.id,
            order_id=order.id,
            payment_intent_id=order.stripe_payment_intent_id,
            amount_cents=refund.amount_cents,
            reason=refund.reason,
        )
    except StripeUnavailable as error:
        logger.warning("refund_unsettled", refund_id=str(refund.id), reason=str(error))
        raise RefundUnsettled(refund.id) from error
    except StripeRefused as refused:
        await _abandon(database, stripe, order, refund)
        raise RefundRefused(order.id, message=str(refused)) from refused
    async with database.writing(PLATFORM) as session:
        await apply_refund(session, found)
    async with database.reading(scope_of(user)) as session:
        return await _detail(session, refund.id)


async def _lock(session: AsyncWriteSession, user: Identity, order_id: UUID) -> Order:
    """The order, if this user may refund it now."""
    order = await lock_order(session, order_id)
    if order is None:
        raise OrderNotFound(order_id)
    is_seller = order.seller_organization_id == user.organization_id or user.role == "admin"
    if not is_seller and order.buyer_organization_id != user.organization_id:
        raise OrderNotFound(order_id)
    if order.paid_at is None:
        raise OrderNotRefundable(order_id, reason="it was not paid")
    if order.amount_cents == 0:
        raise OrderNotRefundable(order_id, reason="it was free")
    if order.provider != "stripe":
        raise OrderNotRefundable(order_id, reason="it was paid elsewhere and imported")
    closed_at = order.paid_at + timedelta(days=REFUND_WINDOW_DAYS)
    if not is_seller and datetime.now(UTC) > closed_at:
        raise RefundWindowClosed(order_id, closed_at=closed_at)
    return order


async def _begin(session: AsyncWriteSession, order: Order, wanted: RefundBody) -> tuple[Refund, bool]:
    """The refund to ask for, and whether it is new rather than one that got no answer before."""
    unsent = await find_unsent_refund(session, order.id)
    if unsent is not None:
        if wanted.amount_cents not in (None, unsent.amount_cents):
            raise RefundUnderWay(unsent.id, amount_cents=unsent.amount_cents)
        return unsent, False
    given = await sum_refunds(session, order.id, "pending", "succeeded")
    left_cents = order.amount_cents - given.amount_cents
    if left_cents <= 0:
        raise OrderNotRefundable(order.id, reason="all of it was refunded already")
    amount_cents = wanted.amount_cents or left_cents
    if amount_cents > left_cents:
        raise RefundTooLarge(order.id, amount_cents=amount_cents, left_cents=left_cents, currency=order.currency)
    refund = Refund(
        order_id=order.id, amount_cents=amount_cents, currency=order.currency, status="pending", reason=wanted.reason
    )
    session.add(refund)
    await session.flush()
    await record(
        session,
        "refund.requested",
        AuditedObject("refund", refund.id, order.buyer_organization_id),
        new={"order_id": str(order.id), "amount_cents": amount_cents, "currency": order.currency},
    )
    return refund, True


async def _find(stripe: StripeGateway, payment_intent_id: str, refund_id: UUID) -> StripeRefund | None:
    """The refund at Stripe, if asking for it got that far."""
    refunds = await stripe.list_refunds(payment_intent_id)
    return next((found for found in refunds if found.refund_id == refund_id), None)


async def _abandon(database: Database, stripe: StripeGateway, order: Order, refund: Refund) -> None:
    """End a refund Stripe refused, and learn what went back without us, as from Stripe's own dashboard."""
    async with database.writing(PLATFORM) as session:
        await lock_order(session, order.id)
        row = await session.get(Refund, refund.id)
        if row is not None and row.stripe_refund_id is None:
            before, row.status = row.status, "failed"
            audited = AuditedObject("refund", row.id, order.buyer_organization_id)
            await record(session, "refund.failed", audited, old={"status": before}, new={"status": row.status})
    try:
        known = await stripe.list_refunds(str(order.stripe_payment_intent_id))
    except (StripeUnavailable, StripeRefused) as error:
        logger.warning("refunds_not_listed", order_id=str(order.id), reason=str(error))
        return
    async with database.writing(PLATFORM) as session:
        for found in known:
            await apply_refund(session, found)


async def _detail(session: AsyncSession, refund_id: UUID) -> RefundDetail:
    refund = await session.get_one(Refund, refund_id)
    order = await session.get_one(Order, refund.order_id)
    return RefundDetail.model_validate({**refund.to_dict(), "order_status": order.status})
