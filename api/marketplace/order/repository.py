"""Queries over orders, what they granted, and what may be bought."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, true, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.auth.identity import Identity
from api.database import AsyncWriteSession
from api.models import Entitlement, Order, Prompt, Refund, Seller
from api.pagination import After

Side = Literal["buyer", "seller"]


@dataclass(frozen=True)
class OrderRow:
    """An order with what is shown beside it."""

    order: Order
    entitlement: Entitlement | None
    prompt_title: str
    seller_name: str
    refunded_cents: int


@dataclass(frozen=True)
class LibraryRow:
    """A prompt an organization may use."""

    entitlement: Entitlement
    prompt: Prompt
    seller_name: str


def visible_to(user: Identity, side: Side) -> ColumnElement[bool]:
    """Which orders a user may see: those its organization made, or those it was paid for. Operators see everybody's.

    An order that was never paid is the buyer's own business.
    """
    is_sold = Order.paid_at.is_not(None)
    if user.role == "admin":
        return is_sold if side == "seller" else true()
    if side == "seller":
        return and_(is_sold, Order.seller_organization_id == user.organization_id)
    return Order.buyer_organization_id == user.organization_id


async def find_published(session: AsyncSession, prompt_id: UUID) -> Prompt | None:
    """A prompt that is for sale."""
    return (
        await session.scalars(select(Prompt).where(Prompt.id == prompt_id, Prompt.status == "published"))
    ).one_or_none()


async def insert_pending(
    session: AsyncWriteSession, prompt: Prompt, user: Identity, *, receipt_id: str | None
) -> Order | None:
    """A new order for a prompt as it is now; None when the organization has one that is still pending.

    Waits for a purchase of the same prompt by the same organization that is being begun right now.
    """
    made = (
        insert(Order)
        .values(
            prompt_id=prompt.id,
            prompt_version=prompt.current_version,
            buyer_organization_id=user.organization_id,
            buyer_user_id=user.user_id,
            seller_organization_id=prompt.seller_organization_id,
            amount_cents=prompt.price_cents,
            currency=prompt.currency,
            provider="stripe" if prompt.price_cents else "free",
            receipt_id=receipt_id,
        )
        .on_conflict_do_nothing(
            index_elements=["buyer_organization_id", "prompt_id"], index_where=text("status = 'pending'")
        )
        .returning(Order)
    )
    return (await session.scalars(made)).one_or_none()


async def find_pending(session: AsyncSession, prompt_id: UUID, organization_id: UUID) -> Order | None:
    """The organization's order of a prompt that is not settled yet."""
    wanted = select(Order).where(
        Order.prompt_id == prompt_id, Order.buyer_organization_id == organization_id, Order.status == "pending"
    )
    return (await session.scalars(wanted)).one_or_none()


async def find_owning_order(session: AsyncSession, prompt_id: UUID, organization_id: UUID) -> UUID | None:
    """The order by which an organization may use a prompt now."""
    wanted = select(Entitlement.order_id).where(
        Entitlement.organization_id == organization_id,
        Entitlement.prompt_id == prompt_id,
        Entitlement.revoked_at.is_(None),
    )
    return (await session.scalars(wanted.limit(1))).first()


def _orders() -> Select[Any]:
    refunded = (
        select(func.coalesce(func.sum(Refund.amount_cents), 0))
        .where(Refund.order_id == Order.id, Refund.status == "succeeded")
        .scalar_subquery()
    )
    return (
        select(Order, Entitlement, Prompt.title, Seller.name, refunded)
        .join(Prompt, Prompt.id == Order.prompt_id)
        .join(Seller, Seller.id == Order.seller_organization_id)
        .outerjoin(Entitlement, Entitlement.order_id == Order.id)
    )


async def list_orders(
    session: AsyncSession, user: Identity, *, side: Side, after: After | None, limit: int
) -> list[OrderRow]:
    """Orders a user may see from one side, the newest first."""
    wanted = _orders().where(visible_to(user, side)).order_by(Order.created_at.desc(), Order.id.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(Order.created_at, Order.id) < tuple_(after.at, after.id))
    return [OrderRow(*row) for row in await session.execute(wanted)]


async def find_order(session: AsyncSession, user: Identity, order_id: UUID) -> OrderRow | None:
    """An order, if the user may see it from either side."""
    wanted = _orders().where(Order.id == order_id, or_(visible_to(user, "buyer"), visible_to(user, "seller")))
    row = (await session.execute(wanted)).one_or_none()
    return OrderRow(*row) if row is not None else None


async def list_library(
    session: AsyncSession, organization_id: UUID, *, after: After | None, limit: int
) -> list[LibraryRow]:
    """What an organization may use, the newest first."""
    wanted = (
        select(Entitlement, Prompt, Seller.name)
        .join(Prompt, Prompt.id == Entitlement.prompt_id)
        .join(Seller, Seller.id == Prompt.seller_organization_id)
        .where(Entitlement.organization_id == organization_id, Entitlement.revoked_at.is_(None))
        .order_by(Entitlement.granted_at.desc(), Entitlement.id.desc())
        .limit(limit)
    )
    if after is not None:
        wanted = wanted.where(tuple_(Entitlement.granted_at, Entitlement.id) < tuple_(after.at, after.id))
    return [LibraryRow(*row) for row in await session.execute(wanted)]
