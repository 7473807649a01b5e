"""What happened to an order as events, written in the transaction in which it happened.

The journal takes events of requests. These are facts about money: with the order in one transaction they can neither
be lost nor told of an order that was rolled back. Their ids are made from the order's or refund's, and nothing in them
depends on who noticed first, so that each is one event however often it is noticed.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from api.database import AsyncWriteSession
from api.models import EventBatch, EventId, Order, RawEvent, Refund, User
from warehouse.events import Event, check
from warehouse.intake.fingerprint import event_key, payload_hash

SOURCE = "api"
# What the ledger calls events stored here.
BATCH_ORIGIN = "payments"
STAFF_ROLE = "admin"


async def record_checkout_started(session: AsyncWriteSession, order: Order, context: dict[str, Any]) -> None:
    """A purchase began; `context` has the identity fields of the request it began with."""
    await _record(
        session, f"checkout.started:{order.id}", order, {"order_id": str(order.id)}, order.created_at, context
    )


async def record_order_paid(session: AsyncWriteSession, order: Order) -> None:
    """The money of an order was taken, or nothing had to be paid."""
    assert order.paid_at is not None
    properties = _amount(order.id, order.amount_cents, order.currency) | {"receipt_id": order.receipt_id}
    await _record(session, f"order.paid:{order.id}", order, properties, order.paid_at, _buyer(order))


async def record_order_refunded(session: AsyncWriteSession, order: Order, refund: Refund) -> None:
    """Money was given back, in part or whole."""
    assert refund.refunded_at is not None
    properties = _amount(order.id, refund.amount_cents, refund.currency)
    properties |= {"refund_id": str(refund.id), "reason": refund.reason}
    await _record(session, f"order.refunded:{refund.id}", order, properties, refund.refunded_at, _buyer(order))


async def _record(
    session: AsyncWriteSession,
    event_id: str,
    order: Order,
    properties: dict[str, Any],
    occurred_at: datetime,
    context: dict[str, Any],
) -> None:
    event = Event(
        event_id=event_id,
        source=SOURCE,
        event_name=event_id.partition(":")[0],
        occurred_at=occurred_at,
        received_at=datetime.now(UTC),
        prompt_id=order.prompt_id,
        properties=properties,
        **context,
    )
    await _store(session, check(event), is_own=event.organization_id == order.seller_organization_id)


async def _store(session: AsyncWriteSession, event: Event, *, is_own: bool) -> None:
    """Store an event that was not noticed before, as a batch of its own in the ledger, marked as the journal marks."""
    known = insert(EventId).values(
        id=event_key(event.source, event.event_id), payload_hash=payload_hash(event), received_at=event.received_at
    )
    if await session.scalar(known.on_conflict_do_nothing().returning(EventId.id)) is None:
        return
    await session.execute(select(func.make_event_day(event.received_at.date())))
    line = {
        "origin": BATCH_ORIGIN,
        "received_count": 1,
        "stored_count": 1,
        "duplicate_count": 0,
        "quarantined_count": 0,
    }
    batch_id = await session.scalar(insert(EventBatch).values(**line).returning(EventBatch.id))
    is_staff = select(User.id).where(User.id == event.user_id, User.role == STAFF_ROLE).exists()
    marks: dict[str, Any] = {"is_own": is_own, "is_staff": is_staff}
    await session.execute(insert(RawEvent).values(**event.model_dump(), **marks, batch_id=batch_id))


def _buyer(order: Order) -> dict[str, Any]:
    return {"organization_id": order.buyer_organization_id, "user_id": order.buyer_user_id}


def _amount(order_id: UUID, amount_cents: int, currency: str) -> dict[str, Any]:
    return {"order_id": str(order_id), "amount_cents": amount_cents, "currency": currency}
