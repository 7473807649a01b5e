"""Buying a prompt: the order is written, then paid, then what Stripe answered is applied.

No transaction is open while Stripe is asked. Whatever fails in between leaves a pending order, which the webhook or the
next purchase of the same prompt takes up again; the payment intent, of which an order has one, can be paid only once.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from api.audit import AuditedObject, record
from api.auth.identity import Identity
from api.database import AsyncWriteSession, Database
from api.marketplace.order import repository
from api.marketplace.order.errors import (
    OwnPromptNotPurchasable,
    PaymentDeclined,
    PaymentRefused,
    PaymentUnsettled,
    PriceChanged,
    PromptAlreadyPurchased,
)
from api.marketplace.order.schemas import PurchaseBody
from api.models import Order, Prompt
from api.payments.customer import ensure_customer
from api.payments.fact import record_checkout_started
from api.payments.gateway import CardDeclined, StripeGateway, StripeRefused, StripeUnavailable
from api.payments.repository import lock_order
from api.payments.settlement import apply_payment_intent, complete_free, fail
from api.payments.stripe_object import PaymentIntent
from api.prompts.errors import PromptNotFound
from api.tenancy import PLATFORM, enter, scope_of

logger = structlog.get_logger(__name__)

REASON_PRICE_CHANGED = "price_changed"


@dataclass(frozen=True)
class Purchased:
    """An order and, while it waits for the buyer to confirm the payment, the secret to do so."""

    order_id: UUID
    client_secret: str | None = None


@dataclass(frozen=True)
class _Begun:
    """An order to be paid: a new one, or one an earlier purchase left pending, perhaps at another price."""

    order: Order
    is_new: bool
    is_outdated: bool


class Purchase:
    """One purchase by one user. `context` has the identity fields of events of this request."""

    def __init__(
        self,
        database: Database,
        stripe: StripeGateway,
        user: Identity,
        *,
        default_payment_method: str | None,
        context: dict[str, Any],
    ) -> None:
        self._database = database
        self._stripe = stripe
        self._user = user
        self._scope = scope_of(user)
        self._default_payment_method = default_payment_method
        self._context = context

    async def make(self, wanted: PurchaseBody) -> Purchased:
        """Buy. Raises the errors of `order.errors` that speak of payments, and `PromptNotFound`."""
        payment_method = wanted.payment_method or self._default_payment_method
        while True:
            begun = await self._begin(wanted)
            if begun.order.status == "paid":
                return Purchased(begun.order.id)
            order, intent = await self._pay(begun, payment_method)
            if begun.is_new or order.status != "failed":
                is_open = intent is not None and order.status == "pending"
                return Purchased(order.id, intent.client_secret if intent and is_open else None)
            # What an earlier purchase left pending has meanwhile been given up: this one begins anew.

    async def _begin(self, wanted: PurchaseBody) -> _Begun:
        """The order to pay, committed, so that there is never a charge without one.

        It is written before it is known whether the prompt is owned already: whoever comes second waits here for the
        first, and then finds either its pending order or the entitlement it was granted.
        """
        organization_id = self._user.organization_id
        while True:
            async with self._database.writing(self._scope) as session:
                prompt = await repository.find_published(session, wanted.prompt_id)
                if prompt is None:
                    raise PromptNotFound(wanted.prompt_id)
                if prompt.seller_organization_id == organization_id:
                    raise OwnPromptNotPurchasable(prompt.id)
                _check_price(prompt, wanted)
                made = await repository.insert_pending(session, prompt, self._user, receipt_id=wanted.receipt_id)
                order = made or await repository.find_pending(session, prompt.id, organization_id)
                owned = await repository.find_owning_order(session, prompt.id, organization_id)
                if owned is not None:
                    raise PromptAlreadyPurchased(owned)
                if order is None:
                    continue
                # What is the organization's own is written; facts and entitlements are the platform's.
                await enter(session, PLATFORM)
                if made is not None:
                    await record_checkout_started(session, order, self._context)
                    await _audit(session, order)
                if order.amount_cents == 0:
                    await complete_free(session, order)
                price = (prompt.price_cents, prompt.currency)
                return _Begun(order, made is not None, (order.amount_cents, order.currency) != price)

    async def _pay(self, begun: _Begun, payment_method: str | None) -> tuple[Order, PaymentIntent | None]:
        order = begun.order
        try:
            intent = await self._charge(begun, payment_method)
            if intent is None:
                return await self._give_up(order, REASON_PRICE_CHANGED, None), None
            return await self._apply(order, intent), intent
        except StripeUnavailable as error:
            logger.warning("payment_unsettled", order_id=str(order.id), reason=str(error))
            raise PaymentUnsettled(order.id) from error
        except CardDeclined as declined:
            settled = await self._give_up(order, declined.reason, declined.payment_intent_id)
            if settled.status == "failed":
                raise PaymentDeclined(order.id, message=str(declined), decline_code=declined.reason) from declined
            return settled, None
        except StripeRefused as refused:
            logger.warning("payment_refused", order_id=str(order.id), reason=str(refused))
            settled = await self._give_up(order, refused.code or "refused", None)
            if settled.status == "failed":
                raise PaymentRefused(order.id, message=str(refused)) from refused
            return settled, None

    async def _charge(self, begun: _Begun, payment_method: str | None) -> PaymentIntent | None:
        """The order's payment; None when it never began and would now be at a price that is no longer asked."""
        order = begun.order
        customer_id = await self._ensure_customer()
        intent = None if begun.is_new else await self._find_intent(order, customer_id)
        if intent is None:
            return None if begun.is_outdated else await self._create_intent(order, customer_id, payment_method)
        await self._apply(order, intent)
        if intent.is_confirmable and begun.is_outdated:
            return await self._stripe.cancel_payment_intent(intent.id)
        if intent.is_confirmable and payment_method is not None:
            return await self._stripe.confirm_payment_intent(intent.id, payment_method=payment_method)
        return intent

    async def _create_intent(self, order: Order, customer_id: str, payment_method: str | None) -> PaymentIntent:
        async def create(customer_id: str) -> PaymentIntent:
            return await self._stripe.create_payment_intent(
                order.id,
                amount_cents=order.amount_cents,
                currency=order.currency,
                customer_id=customer_id,
                payment_method=payment_method,
            )

        try:
            return await create(customer_id)
        except StripeRefused as refused:
            if not refused.is_customer_missing:
                raise
            return await create(await self._ensure_customer(other_than=customer_id))

    async def _find_intent(self, order: Order, customer_id: str) -> PaymentIntent | None:
        """The payment an earlier purchase began, if it got that far.

        Stripe forgets idempotency keys after a day, so an order of yesterday is looked up rather than asked for again.
        """
        if order.stripe_payment_intent_id is not None:
            return await self._stripe.retrieve_payment_intent(order.stripe_payment_intent_id)
        return await self._stripe.find_payment_intent(order.id, customer_id=customer_id, ordered_at=order.created_at)

    async def _ensure_customer(self, *, other_than: str | None = None) -> str:
        """The organization's customer at Stripe, which it has had since it registered, unless Stripe was away then."""
        return await ensure_customer(self._database, self._stripe, self._user.organization_id, other_than=other_than)

    async def _apply(self, order: Order, intent: PaymentIntent) -> Order:
        async with self._database.writing(PLATFORM) as session:
            applied = await apply_payment_intent(session, intent)
        return applied or order

    async def _give_up(self, order: Order, reason: str, payment_intent_id: str | None) -> Order:
        """End an order that Stripe did not charge, and its payment with it, so that nobody completes it later."""
        async with self._database.reading(self._scope) as session:
            known = await session.get(Order, order.id)
        intent_id = payment_intent_id or (known.stripe_payment_intent_id if known else None)
        intent = await self._cancel(intent_id) if intent_id is not None else None
        async with self._database.writing(PLATFORM) as session:
            if intent is not None:
                await apply_payment_intent(session, intent)
            locked = await lock_order(session, order.id)
            assert locked is not None, f"orders are never deleted: {order.id}"
            if intent is None or not intent.is_paid:
                await fail(session, locked, reason)
        return locked

    async def _cancel(self, payment_intent_id: str) -> PaymentIntent | None:
        try:
            return await self._stripe.cancel_payment_intent(payment_intent_id)
        except StripeRefused:
            # It is paid or canceled already: see below.
            pass
        except StripeUnavailable as error:
            logger.warning("payment_not_canceled", payment_intent_id=payment_intent_id, reason=str(error))
            return None
        try:
            return await self._stripe.retrieve_payment_intent(payment_intent_id)
        except (StripeRefused, StripeUnavailable) as error:
            logger.warning("payment_not_found", payment_intent_id=payment_intent_id, reason=str(error))
            return None


def _check_price(prompt: Prompt, wanted: PurchaseBody) -> None:
    """Raise `PriceChanged` when the buyer was shown another price."""
    is_as_expected = wanted.expected_price_cents in (None, prompt.price_cents)
    if not is_as_expected or wanted.expected_currency not in (None, prompt.currency):
        raise PriceChanged(prompt.id, price_cents=prompt.price_cents, currency=prompt.currency)


async def _audit(session: AsyncWriteSession, order: Order) -> None:
    await record(
        session,
        "order.placed",
        AuditedObject("order", order.id, order.buyer_organization_id),
        new={"prompt_id": str(order.prompt_id), "amount_cents": order.amount_cents, "currency": order.currency},
    )
