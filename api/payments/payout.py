"""Whether money may go out to a seller: the question every payout has to ask. Payouts themselves are not built yet."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.moderation.errors import MoneyHeld
from api.moderation.repository import find_money_hold


async def ensure_payable(session: AsyncSession, organization_id: UUID) -> None:
    """Raise `MoneyHeld` while a money hold is in force against the organization.

    Asked for money out to sellers alone. A buyer's refund never asks: a hold on a seller is no reason to keep a buyer's
    money, and it gives the seller none. A ranking hold is no hold on money.
    """
    decision_id = await find_money_hold(session, organization_id)
    if decision_id is not None:
        raise MoneyHeld(decision_id)
