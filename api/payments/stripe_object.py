"""Stripe's objects as this service reads them: a few fields each, the same whether answered or fetched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ORDER_ID = "order_id"
REFUND_ID = "refund_id"


@dataclass(frozen=True)
class Charge:
    """The money that was taken. `fee_cents` is None until it is booked, or when it is booked in another currency."""

    id: str
    charged_at: datetime
    fee_cents: int | None


@dataclass(frozen=True)
class PaymentIntent:
    """A payment. `order_id` is what we wrote into its metadata; amounts are minor units of `currency`."""

    id: str
    status: str
    amount_cents: int
    received_cents: int
    currency: str
    order_id: UUID | None
    client_secret: str | None
    failure_reason: str | None
    charge: Charge | None

    @property
    def is_paid(self) -> bool:
        """Whether the money was taken. This never changes back."""
        return self.status == "succeeded"

    @property
    def is_canceled(self) -> bool:
        """Whether it was given up. This never changes back."""
        return self.status == "canceled"

    @property
    def is_confirmable(self) -> bool:
        """Whether it waits for a way to pay."""
        return self.status in ("requires_payment_method", "requires_confirmation")


@dataclass(frozen=True)
class StripeRefund:
    """Money given back. `order_id` and `refund_id` are what we wrote into its metadata, if we asked for it."""

    id: str
    status: str
    amount_cents: int
    currency: str
    reason: str | None
    payment_intent_id: str | None
    order_id: UUID | None
    refund_id: UUID | None
    refunded_at: datetime


@dataclass(frozen=True)
class Booking:
    """A balance transaction: money that moved. Amounts are minor units of their currency, negative when money left.

    `source_*` is what caused it, where Stripe names something, with the amount in the currency it was charged in.
    """

    id: str
    type: str
    reporting_category: str
    amount_cents: int
    fee_cents: int
    net_cents: int
    currency: str
    exchange_rate: float | None
    source_id: str | None
    source_object: str | None
    source_amount_cents: int | None
    source_currency: str | None
    payment_intent_id: str | None
    booked_at: datetime
    available_at: datetime


def read_payment_intent(found: Mapping[str, Any]) -> PaymentIntent:
    """A payment intent, with its charge where `latest_charge.balance_transaction` was expanded."""
    return PaymentIntent(
        id=found["id"],
        status=found["status"],
        amount_cents=found["amount"],
        received_cents=found.get("amount_received") or 0,
        currency=found["currency"].upper(),
        order_id=_uuid(found, ORDER_ID),
        client_secret=found.get("client_secret"),
        failure_reason=read_failure(found.get("last_payment_error")),
        charge=_read_charge(found.get("latest_charge"), found["currency"]),
    )


def read_refund(found: Mapping[str, Any]) -> StripeRefund:
    """A refund."""
    intent = found.get("payment_intent")
    return StripeRefund(
        id=found["id"],
        status=found["status"],
        amount_cents=found["amount"],
        currency=found["currency"].upper(),
        reason=found.get("reason"),
        payment_intent_id=intent["id"] if isinstance(intent, Mapping) else intent,
        order_id=_uuid(found, ORDER_ID),
        refund_id=_uuid(found, REFUND_ID),
        refunded_at=_time(found["created"]),
    )


def read_booking(found: Mapping[str, Any]) -> Booking:
    """A balance transaction whose `source` was expanded."""
    source = found.get("source") or {}
    intent = source.get("payment_intent")
    amount, currency = source.get("amount"), source.get("currency")
    return Booking(
        id=found["id"],
        type=found["type"],
        reporting_category=found["reporting_category"],
        amount_cents=found["amount"],
        fee_cents=found["fee"],
        net_cents=found["net"],
        currency=found["currency"].upper(),
        exchange_rate=found.get("exchange_rate"),
        source_id=source.get("id"),
        source_object=source.get("object"),
        # Stripe's objects have no sign: a refund of 5 is money that left, and one that failed is money that came back.
        source_amount_cents=amount if amount is None or found["amount"] >= 0 else -abs(amount),
        source_currency=currency.upper() if currency else None,
        payment_intent_id=intent["id"] if isinstance(intent, Mapping) else intent,
        booked_at=_time(found["created"]),
        available_at=_time(found["available_on"]),
    )


def read_failure(error: Mapping[str, Any] | None) -> str | None:
    """Why a card was not charged: the bank's reason where Stripe has it, else Stripe's own."""
    if error is None:
        return None
    return error.get("decline_code") or error.get("code") or error.get("type")


def _read_charge(found: object, currency: str) -> Charge | None:
    # An id says that there is a charge; what it cost is known only where it was expanded.
    if not isinstance(found, Mapping) or found["status"] != "succeeded":
        return None
    booked = found.get("balance_transaction")
    # A fee in the currency of the account can't be taken off an amount in the currency of the order.
    has_fee = isinstance(booked, Mapping) and booked["currency"] == currency
    return Charge(
        id=found["id"], charged_at=_time(found["created"]), fee_cents=booked["fee"] if booked and has_fee else None
    )


def _time(epoch_seconds: int) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, UTC)


def _uuid(found: Mapping[str, Any], key: str) -> UUID | None:
    """An id of ours from the metadata; whatever else stands there was not written by us."""
    try:
        return UUID((found.get("metadata") or {})[key])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
