"""What a message of Stripe leads to.

A message only says that something changed. What it changed to is asked of Stripe, so that it does not matter in which
order messages come, how often, or how late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.database import AsyncWriteSession, Database
from api.payments.gateway import StripeGateway
from api.payments.repository import is_settled
from api.payments.settlement import apply_payment_intent, apply_refund
from api.payments.stripe_object import PaymentIntent, StripeRefund
from api.tenancy import PLATFORM

# `charge.refunded` and `charge.refund.updated` come from accounts on older versions of Stripe's API.
REFUND_EVENTS = ("refund.", "charge.refund")


@dataclass(frozen=True)
class Found:
    """What Stripe says about the payment of a message, as far as it can be news."""

    intent: PaymentIntent | None = None
    refunds: Sequence[StripeRefund] = ()


async def ask(database: Database, stripe: StripeGateway, event: dict[str, Any]) -> Found:
    """Stripe's present state of what an event is about. Raises what the gateway raises."""
    payment_intent_id = payment_intent_of(event["data"]["object"])
    if payment_intent_id is None:
        return Found()
    async with database.reading(PLATFORM) as session:
        is_old_news = await is_settled(session, payment_intent_id)
    intent = None if is_old_news else await stripe.retrieve_payment_intent(payment_intent_id)
    is_refund = str(event["type"]).startswith(REFUND_EVENTS)
    refunds = await stripe.list_refunds(payment_intent_id) if is_refund else []
    return Found(intent, refunds)


async def apply(session: AsyncWriteSession, found: Found) -> None:
    """Bring our rows up to what was found. Raises what `settlement` raises."""
    if found.intent is not None:
        await apply_payment_intent(session, found.intent)
    for refund in found.refunds:
        await apply_refund(session, refund)


def payment_intent_of(subject: dict[str, Any]) -> str | None:
    """The payment an event's object belongs to; None for what no order depends on."""
    match subject:
        case {"object": "payment_intent", "id": str(id_)}:
            return id_
        case {"object": "charge" | "refund" | "dispute", "payment_intent": str(id_)}:
            return id_
        case {"object": "charge" | "refund" | "dispute", "payment_intent": {"id": str(id_)}}:
            return id_
    return None
