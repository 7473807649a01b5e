"""Bodies of purchases, orders, refunds and the library. Amounts are minor units of their currency."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StrictInt

from api.schema import CurrencyCode, RequestBody, ResponseBody

OrderStatus = Literal["pending", "paid", "failed", "partially_refunded", "refunded"]
RefundReason = Literal["requested_by_customer", "duplicate", "fraudulent"]


class PurchaseBody(RequestBody):
    """What to buy, and how to pay."""

    prompt_id: UUID
    payment_method: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        examples=["pm_card_visa"],
        description="A payment method of the payment provider. Without one, and without a default, the order waits "
        "for the payment to be confirmed with its client_secret",
    )
    receipt_id: str | None = Field(
        None, min_length=1, max_length=255, description="The receipt of the list the prompt was found in"
    )
    expected_price_cents: Annotated[StrictInt, Field(ge=0, lt=2**63)] | None = Field(
        None, description="The price the buyer was shown. When it is another by now, nothing is bought"
    )
    expected_currency: CurrencyCode | None = Field(None, description="The currency of that price")


class RefundBody(RequestBody):
    """How much to give back, and why."""

    amount_cents: Annotated[StrictInt, Field(ge=1, lt=2**63)] | None = Field(
        None, description="Without an amount, all that is left"
    )
    reason: RefundReason | None = None


class EntitlementDetail(ResponseBody):
    """The right to use the prompt, which the order granted."""

    id: UUID
    granted_at: datetime
    revoked_at: datetime | None = Field(description="Set when the order was refunded in full")


class OrderDetail(ResponseBody):
    """An order."""

    id: UUID
    status: OrderStatus
    amount_cents: int
    refunded_cents: int = Field(description="What went back so far")
    currency: str
    prompt_id: UUID
    prompt_version: int = Field(description="The version that was current when the order was made")
    prompt_title: str
    buyer_organization_id: UUID
    seller_organization_id: UUID
    seller_name: str
    receipt_id: str | None = Field(description="The list the buyer found it in; for the buyer")
    failure_reason: str | None = Field(description="Why it was not paid")
    created_at: datetime
    paid_at: datetime | None
    entitlement: EntitlementDetail | None = Field(description="What the order granted; for the buyer")


class PurchaseDetail(OrderDetail):
    """An order just made."""

    client_secret: str | None = Field(
        None, description="Confirms the payment with the payment provider; only while the order waits for that"
    )


class RefundDetail(ResponseBody):
    """Money given back."""

    id: UUID
    order_id: UUID
    amount_cents: int
    currency: str
    status: Literal["pending", "succeeded", "failed"]
    reason: str | None
    refunded_at: datetime | None
    order_status: OrderStatus = Field(description="What became of the order")


class LibraryItem(ResponseBody):
    """A prompt the organization may use."""

    prompt_id: UUID
    title: str
    description: str
    category: str | None
    model: str | None
    current_version: int
    status: str = Field(description="An archived prompt is no longer sold; who bought it keeps it")
    seller_organization_id: UUID
    seller_name: str
    order_id: UUID
    granted_at: datetime
