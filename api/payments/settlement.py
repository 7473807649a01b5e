"""What Stripe's objects mean for our rows: the one place where an order becomes paid, failed or refunded.

Answers to our own requests and webhooks come through here alike. States only move forward: an order from pending over
failed to paid, a refund from pending over succeeded to failed. So the result is the same in whatever order and however
often Stripe's objects are applied, and an outdated one changes nothing.
"""

from api.audit import AuditedObject, record
from api.database import AsyncWriteSession
from api.models import Order, Refund
from api.payments.fact import record_order_paid, record_order_refunded
from api.payments.repository import (
    find_entitlement,
    find_refund,
    grant_entitlement,
    lock_paid_by,
    sum_refunds,
)
from api.payments.stripe_object import PaymentIntent, StripeRefund

REVOKED_BY_REFUND = "refunded"
REASON_CANCELED = "canceled"

# Stripe can report a refund as failed after it had succeeded, when the bank sends the money back; never the reverse.
REFUND_STATUSES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
REFUND_STEPS = ("pending", "succeeded", "failed")


class PaymentMismatch(Exception):
    """Stripe took another amount than the order says; a person has to look at it."""


class PaymentUnknown(Exception):
    """A refund came before its order was seen as paid; the payment has to be applied first."""


async def apply_payment_intent(session: AsyncWriteSession, intent: PaymentIntent) -> Order | None:
    """Bring the order of a payment up to what Stripe says; None when the payment is not for an order of ours.

    Raises `PaymentMismatch`.
    """
    order = await lock_paid_by(session, intent.id, intent.order_id)
    if order is None:
        return None
    if order.stripe_payment_intent_id not in (None, intent.id):
        raise PaymentMismatch(
            f"{intent.id} names an order that is paid with {order.stripe_payment_intent_id}: {order.id}"
        )
    order.stripe_payment_intent_id = intent.id
    if intent.is_paid:
        await _pay(session, order, intent)
    elif intent.is_canceled:
        await fail(session, order, intent.failure_reason or REASON_CANCELED)
    await session.flush()
    return order


async def fail(session: AsyncWriteSession, order: Order, reason: str) -> None:
    """End an order that was not paid. Does nothing to any other."""
    if order.status == "pending":
        order.status = "failed"
        order.failure_reason = reason
        await record(session, "order.failed", _audited(order), new={"status": "failed", "reason": reason})


async def complete_free(session: AsyncWriteSession, order: Order) -> None:
    """Complete an order over nothing."""
    order.status = "paid"
    order.paid_at = order.created_at
    order.fee_cents = 0
    await session.flush()
    await grant_entitlement(session, order)
    await record_order_paid(session, order)
    await _audit_payment(session, order)


async def _pay(session: AsyncWriteSession, order: Order, intent: PaymentIntent) -> None:
    if intent.charge is None:
        raise PaymentMismatch(f"{intent.id} was paid without a charge that tells when: {order.id}")
    if (intent.received_cents, intent.currency) != (order.amount_cents, order.currency):
        raise PaymentMismatch(
            f"{intent.id} took {intent.received_cents} {intent.currency} "
            f"for {order.amount_cents} {order.currency}: {order.id}"
        )
    if order.fee_cents is None:
        order.fee_cents = intent.charge.fee_cents
    if order.paid_at is not None:
        return
    order.status = "paid"
    order.paid_at = intent.charge.charged_at
    order.failure_reason = None
    await session.flush()
    await grant_entitlement(session, order)
    await record_order_paid(session, order)
    await _audit_payment(session, order)


async def apply_refund(session: AsyncWriteSession, found: StripeRefund) -> Refund | None:
    """Bring a refund and its order up to what Stripe says; None when the refund is not for an order of ours.

    Raises `PaymentUnknown`.
    """
    order = await lock_paid_by(session, found.payment_intent_id, found.order_id)
    if order is None:
        return None
    if order.paid_at is None:
        raise PaymentUnknown(f"{found.id} refunds an order that is not known to be paid: {order.id}")
    refund = await find_refund(session, order.id, stripe_refund_id=found.id, refund_id=found.refund_id)
    if refund is None:
        refund = Refund(order_id=order.id, amount_cents=found.amount_cents, currency=found.currency, status="pending")
        session.add(refund)
    refund.stripe_refund_id = found.id
    refund.amount_cents = found.amount_cents
    refund.reason = refund.reason or found.reason
    await _advance(session, order, refund, found)
    return refund


async def _advance(session: AsyncWriteSession, order: Order, refund: Refund, found: StripeRefund) -> None:
    status = REFUND_STATUSES.get(found.status, "pending")
    if REFUND_STEPS.index(status) <= REFUND_STEPS.index(refund.status):
        await session.flush()
        return
    before, refund.status = refund.status, status
    refund.refunded_at = found.refunded_at if status == "succeeded" else None
    await session.flush()
    await _audit_refund(session, order, refund, before)
    if status == "succeeded":
        await record_order_refunded(session, order, refund)
    await _restate(session, order)


async def _restate(session: AsyncWriteSession, order: Order) -> None:
    """Status and entitlement of a paid order follow from the money that went back."""
    refunded = await sum_refunds(session, order.id, "succeeded")
    is_whole = refunded.amount_cents >= order.amount_cents
    order.status = "refunded" if is_whole else "partially_refunded" if refunded.amount_cents else "paid"
    entitlement = await find_entitlement(session, order.id)
    if entitlement is not None and is_whole:
        entitlement.revoked_at = refunded.latest_at
        entitlement.revocation_reason = REVOKED_BY_REFUND
    elif entitlement is not None and entitlement.revocation_reason == REVOKED_BY_REFUND:
        entitlement.revoked_at = None
        entitlement.revocation_reason = None
    await session.flush()


def _audited(order: Order) -> AuditedObject:
    return AuditedObject("order", order.id, order.buyer_organization_id)


async def _audit_payment(session: AsyncWriteSession, order: Order) -> None:
    new = {"status": order.status, "amount_cents": order.amount_cents, "currency": order.currency}
    await record(session, "order.paid", _audited(order), old={"status": "pending"}, new=new)


async def _audit_refund(session: AsyncWriteSession, order: Order, refund: Refund, before: str) -> None:
    await record(
        session,
        f"refund.{refund.status}",
        AuditedObject("refund", refund.id, order.buyer_organization_id),
        old={"status": before},
        new={
            "status": refund.status,
            "order_id": str(order.id),
            "amount_cents": refund.amount_cents,
            "currency": refund.currency,
        },
    )
