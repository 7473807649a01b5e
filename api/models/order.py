"""Transactions: orders, their refunds, and what an order grants."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Identified, Model, Timestamped


class Order(Identified, Timestamped, Model):
    """A purchase of one prompt by one organization. Amounts are minor units of `currency`."""

    __tablename__ = "orders"

    # Named by an import file.
    external_id: Mapped[str | None] = mapped_column(unique=True)
    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id"))
    prompt_version: Mapped[int]
    buyer_organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    buyer_user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    seller_organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    amount_cents: Mapped[int]
    currency: Mapped[str]
    # What the payment provider keeps, from its balance transaction; null until it says so.
    fee_cents: Mapped[int | None]
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    provider: Mapped[str]
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(unique=True)
    failure_reason: Mapped[str | None]
    receipt_id: Mapped[str | None]
    paid_at: Mapped[datetime | None]


class Refund(Identified, Timestamped, Model):
    """Money given back for an order, in part or whole."""

    __tablename__ = "refunds"

    external_id: Mapped[str | None] = mapped_column(unique=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    amount_cents: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    reason: Mapped[str | None]
    stripe_refund_id: Mapped[str | None] = mapped_column(unique=True)
    refunded_at: Mapped[datetime | None]


class Entitlement(Identified, Timestamped, Model):
    """The right of an organization to use a prompt, granted by an order."""

    __tablename__ = "entitlements"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), unique=True)
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[str | None]
