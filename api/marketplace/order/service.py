"""Reading orders and the library."""

from uuid import UUID

from api.auth.identity import Identity
from api.database import AsyncReadSession
from api.marketplace.order import repository
from api.marketplace.order.errors import OrderNotFound
from api.marketplace.order.repository import LibraryRow, OrderRow, Side
from api.marketplace.order.schemas import EntitlementDetail, LibraryItem, OrderDetail
from api.pagination import decode_newest_cursor, encode_cursor
from api.schema import Page


async def find_order(session: AsyncReadSession, user: Identity, order_id: UUID) -> OrderDetail:
    """An order the user may see. Raises `OrderNotFound`."""
    row = await repository.find_order(session, user, order_id)
    if row is None:
        raise OrderNotFound(order_id)
    return _order(row, user)


async def list_orders(
    session: AsyncReadSession, user: Identity, *, side: Side, cursor: str | None, limit: int
) -> Page[OrderDetail]:
    """Orders the user may see from one side, the newest first."""
    rows = await repository.list_orders(session, user, side=side, after=decode_newest_cursor(cursor), limit=limit + 1)
    page = rows[:limit]
    last = page[-1].order if len(rows) > limit else None
    return Page(
        items=[_order(row, user) for row in page],
        next_cursor=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None,
    )


async def list_library(
    session: AsyncReadSession, user: Identity, *, cursor: str | None, limit: int
) -> Page[LibraryItem]:
    """What the user's organization may use, the newest first."""
    rows = await repository.list_library(
        session, user.organization_id, after=decode_newest_cursor(cursor), limit=limit + 1
    )
    page = rows[:limit]
    last = page[-1].entitlement if len(rows) > limit else None
    return Page(
        items=[_library_item(row) for row in page],
        next_cursor=encode_cursor(last.granted_at.isoformat(), str(last.id)) if last else None,
    )


def _order(row: OrderRow, user: Identity) -> OrderDetail:
    order = row.order
    is_buyers = user.role == "admin" or order.buyer_organization_id == user.organization_id
    return OrderDetail(
        id=order.id,
        status=order.status,
        amount_cents=order.amount_cents,
        refunded_cents=row.refunded_cents,
        currency=order.currency,
        prompt_id=order.prompt_id,
        prompt_version=order.prompt_version,
        prompt_title=row.prompt_title,
        buyer_organization_id=order.buyer_organization_id,
        seller_organization_id=order.seller_organization_id,
        seller_name=row.seller_name,
        # How the buyer came by it is the buyer's own business.
        receipt_id=order.receipt_id if is_buyers else None,
        failure_reason=order.failure_reason,
        created_at=order.created_at,
        paid_at=order.paid_at,
        entitlement=EntitlementDetail.model_validate(row.entitlement) if row.entitlement else None,
    )


def _library_item(row: LibraryRow) -> LibraryItem:
    prompt, entitlement = row.prompt, row.entitlement
    return LibraryItem(
        prompt_id=prompt.id,
        title=prompt.title,
        description=prompt.description,
        category=prompt.category,
        model=prompt.model,
        current_version=prompt.current_version,
        status=prompt.status,
        seller_organization_id=prompt.seller_organization_id,
        seller_name=row.seller_name,
        order_id=entitlement.order_id,
        granted_at=entitlement.granted_at,
    )
