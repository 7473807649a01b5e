"""What the payment provider booked."""

from datetime import datetime

from sqlalchemy import func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Model


class BalanceTransaction(Model):
    """A movement of money as Stripe booked it; never changed. Amounts are minor units of their currency."""

    __tablename__ = "balance_transactions"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    reporting_category: Mapped[str]
    amount_cents: Mapped[int]
    fee_cents: Mapped[int]
    net_cents: Mapped[int]
    currency: Mapped[str]
    # By which an amount in another currency was converted into this one.
    exchange_rate: Mapped[float | None]
    # The charge, refund, dispute or payout that caused it, with what it moved in its own currency.
    source_id: Mapped[str | None]
    source_object: Mapped[str | None]
    source_amount_cents: Mapped[int | None]
    source_currency: Mapped[str | None]
    payment_intent_id: Mapped[str | None]
    booked_at: Mapped[datetime]
    available_at: Mapped[datetime]


class LedgerPosition(Model):
    """How far a provider's ledger was read, and by whom it is read now."""

    __tablename__ = "ledger_positions"

    provider: Mapped[str] = mapped_column(primary_key=True)
    # All that was booked before is stored; null before the first walk ended.
    read_through: Mapped[datetime | None]
    # The walk under way goes from the newest back: when it began, and the last transaction of it that is stored.
    walk_began_at: Mapped[datetime | None]
    walk_after: Mapped[str | None]
    # Whoever lost its claim to another changes nothing.
    claim_number: Mapped[int] = mapped_column(server_default=text("0"))
    claimed_until: Mapped[datetime | None]
    woken_at: Mapped[datetime | None]
    next_read_at: Mapped[datetime] = mapped_column(server_default=func.now())
    failure_count: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
