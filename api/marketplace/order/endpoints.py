"""`/api/v1/marketplace`: purchase, orders, library."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, status

from api.auth.recovery.errors import EmailNotVerified
from api.auth.recovery.requirement import VERIFIED_EMAIL
from api.dependencies import ReadOrders, ReadSession, Resources, WriteOrders
from api.errors import LoginRequired, problem_responses
from api.marketplace.order import service
from api.marketplace.order.errors import (
    OrderNotFound,
    OrderNotRefundable,
    OwnPromptNotPurchasable,
    PaymentDeclined,
    PaymentRefused,
    PaymentUnsettled,
    PriceChanged,
    PromptAlreadyPurchased,
    RefundRefused,
    RefundTooLarge,
    RefundUnderWay,
    RefundUnsettled,
    RefundWindowClosed,
)
from api.marketplace.order.purchase import Purchase
from api.marketplace.order.refund import REFUND_WINDOW_DAYS, refund_order
from api.marketplace.order.repository import Side
from api.marketplace.order.schemas import (
    LibraryItem,
    OrderDetail,
    PurchaseBody,
    PurchaseDetail,
    RefundBody,
    RefundDetail,
)
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.prompts.errors import PromptNotFound
from api.routing import feature_router, repeatable
from api.schema import Page
from api.tenancy import scope_of
from api.tracker import envelope

router = feature_router("marketplace", LoginRequired)


@router.post(
    "/purchase",
    status_code=status.HTTP_201_CREATED,
    summary="Buy a prompt",
    dependencies=[VERIFIED_EMAIL],
    responses=problem_responses(
        EmailNotVerified,
        PaymentDeclined,
        PromptNotFound,
        OwnPromptNotPurchasable,
        PriceChanged,
        PromptAlreadyPurchased,
        PaymentRefused,
        PaymentUnsettled,
    ),
)
@repeatable
async def purchase(body: PurchaseBody, user: WriteOrders, resources: Resources, request: Request) -> PurchaseDetail:
    """For the buyer's organization, charged at once. Asking again after a 503 never charges twice."""
    purchase = Purchase(
        resources.database,
        resources.stripe,
        user,
        default_payment_method=resources.settings.stripe_default_payment_method,
        context=envelope(request.scope),
    )
    purchased = await purchase.make(body)
    async with resources.database.reading(scope_of(user)) as session:
        order = await service.find_order(session, user, purchased.order_id)
    return PurchaseDetail(**order.model_dump(), client_secret=purchased.client_secret)


@router.get("/orders", summary="The orders of your organization")
async def list_orders(
    user: ReadOrders,
    session: ReadSession,
    side: Annotated[Side, Query(alias="as", description="`buyer`: what it ordered; `seller`: what it sold")] = "buyer",
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE_DEFAULT,
) -> Page[OrderDetail]:
    """The newest first. Operators see those of all organizations."""
    return await service.list_orders(session, user, side=side, cursor=cursor, limit=limit)


@router.get("/orders/{order_id}", summary="An order", responses=problem_responses(OrderNotFound))
async def find_order(order_id: UUID, user: ReadOrders, session: ReadSession) -> OrderDetail:
    """With what became of it. The organization that sold the prompt sees it too, once it is paid."""
    return await service.find_order(session, user, order_id)


@router.post(
    "/orders/{order_id}/refund",
    status_code=status.HTTP_201_CREATED,
    summary="Give an order back",
    description=(
        "In part or, without an amount, all that is left. The buyer's organization can within "
        f"{REFUND_WINDOW_DAYS} days of paying, the seller's at any time. A full refund ends the right of use."
    ),
    responses=problem_responses(
        OrderNotFound,
        OrderNotRefundable,
        RefundWindowClosed,
        RefundTooLarge,
        RefundUnderWay,
        RefundRefused,
        RefundUnsettled,
    ),
)
async def refund(
    order_id: UUID, user: WriteOrders, resources: Resources, body: RefundBody | None = None
) -> RefundDetail:
    """Ask the payment provider for the refund, and answer what came of it."""
    return await refund_order(resources.database, resources.stripe, user, order_id, wanted=body or RefundBody())


@router.get("/library", summary="What your organization bought and may use")
async def list_library(
    user: ReadOrders, session: ReadSession, cursor: Cursor = None, limit: Limit = PAGE_SIZE_DEFAULT
) -> Page[LibraryItem]:
    """The newest first. A prompt whose order was refunded in full is gone from it."""
    return await service.list_library(session, user, cursor=cursor, limit=limit)
