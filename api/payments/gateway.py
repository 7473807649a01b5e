"""Stripe over its official SDK: what this service asks of it, in this service's words."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

import stripe

from api.payments.http_client import StripeHttpClient
from api.payments.stripe_object import (
    ORDER_ID,
    REFUND_ID,
    Booking,
    PaymentIntent,
    StripeRefund,
    read_booking,
    read_failure,
    read_payment_intent,
    read_refund,
)

Answer = TypeVar("Answer", bound=stripe.StripeObject)

NETWORK_RETRIES = 2
# The fee stands in the balance transaction of the charge.
WITH_FEE = ["latest_charge.balance_transaction"]
PAGE_SIZE = 100
# Stripe's clock and ours may differ by this much.
CLOCK_SKEW = timedelta(minutes=5)


class StripeUnavailable(Exception):
    """Stripe gave no usable answer: what was asked may or may not have happened."""


class StripeRefused(Exception):
    """Stripe will not do what was asked, and did not; the message is Stripe's sentence."""

    def __init__(self, message: str, *, code: str | None, param: str | None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param

    @property
    def is_customer_missing(self) -> bool:
        """Whether it does not know the customer, as when another account of Stripe is used than before."""
        return (self.code, self.param) == ("resource_missing", "customer")


class CardDeclined(Exception):
    """The card was not charged; the message is Stripe's sentence, `reason` its decline code."""

    def __init__(self, message: str, *, reason: str, payment_intent_id: str | None) -> None:
        super().__init__(message)
        self.reason = reason
        self.payment_intent_id = payment_intent_id


@dataclass(frozen=True)
class LedgerPage:
    """Some of what Stripe booked, the newest first, and whether there is more before."""

    bookings: list[Booking]
    has_more: bool


class StripeGateway:
    """One process's connection to Stripe. Every method raises `StripeUnavailable` and `StripeRefused`.

    Every write carries an idempotency key made from our own id, so that asking again never does it twice.
    """

    def __init__(self, api_key: str, *, base: str | None) -> None:
        self._http = StripeHttpClient(is_local=base is not None)
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": base} if base else None,
            max_network_retries=NETWORK_RETRIES,
            http_client=self._http,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()

    async def create_customer(self, organization_id: UUID) -> str:
        """The id of the organization's customer.

        Says nothing that may change, such as a name: asking again under the same key must be asking for the same.
        """
        answer = await _ask(
            self._client.v1.customers.create_async(
                {"metadata": {"organization_id": str(organization_id)}},
                {"idempotency_key": f"organization-{organization_id}"},
            )
        )
        return cast(str, answer["id"])

    async def name_customer(self, customer_id: str, name: str) -> None:
        """Tell Stripe what the customer is called now."""
        await _ask(self._client.v1.customers.update_async(customer_id, {"name": name}))

    async def create_payment_intent(
        self, order_id: UUID, *, amount_cents: int, currency: str, customer_id: str, payment_method: str | None
    ) -> PaymentIntent:
        """Plan an order's payment, and take it at once when there is a payment method. Raises `CardDeclined`."""
        params: dict[str, Any] = {
            "amount": amount_cents,
            "currency": currency.lower(),
            "customer": customer_id,
            "metadata": {ORDER_ID: str(order_id)},
            "expand": WITH_FEE,
            # Without this, payment methods that send the buyer to another page would need an address to return to.
            "payment_method_types": ["card"],
        }
        if payment_method is not None:
            params |= {"payment_method": payment_method, "confirm": True, "off_session": True}
        # The SDK types parameters as one dictionary per call; this one is put together in two steps.
        answer = self._client.v1.payment_intents.create_async(
            cast(Any, params), {"idempotency_key": f"order-{order_id}"}
        )
        return read_payment_intent(await _ask(answer))

    async def confirm_payment_intent(self, payment_intent_id: str, *, payment_method: str) -> PaymentIntent:
        """Take a planned payment. Raises `CardDeclined`."""
        answer = self._client.v1.payment_intents.confirm_async(
            payment_intent_id,
            {"payment_method": payment_method, "off_session": True, "expand": WITH_FEE},
            {"idempotency_key": f"confirm-{payment_intent_id}-{payment_method}"},
        )
        return read_payment_intent(await _ask(answer))

    async def cancel_payment_intent(self, payment_intent_id: str) -> PaymentIntent:
        """Give a payment up, so that nobody can complete it any more."""
        answer = self._client.v1.payment_intents.cancel_async(
            payment_intent_id, {"expand": WITH_FEE}, {"idempotency_key": f"cancel-{payment_intent_id}"}
        )
        return read_payment_intent(await _ask(answer))

    async def retrieve_payment_intent(self, payment_intent_id: str) -> PaymentIntent:
        """A payment as it stands now."""
        answer = self._client.v1.payment_intents.retrieve_async(payment_intent_id, {"expand": WITH_FEE})
        return read_payment_intent(await _ask(answer))

    async def find_payment_intent(
        self, order_id: UUID, *, customer_id: str, ordered_at: datetime
    ) -> PaymentIntent | None:
        """The payment of an order whose answer never reached us; None when Stripe never began it."""
        answer = self._client.v1.payment_intents.list_async(
            {
                "customer": customer_id,
                "created": {"gte": int((ordered_at - CLOCK_SKEW).timestamp())},
                "limit": PAGE_SIZE,
                "expand": [f"data.{path}" for path in WITH_FEE],
            }
        )
        async for found in _each(answer):
            intent = read_payment_intent(found)
            if intent.order_id == order_id:
                return intent
        return None

    async def create_refund(
        self, refund_id: UUID, *, order_id: UUID, payment_intent_id: str, amount_cents: int, reason: str | None
    ) -> StripeRefund:
        """Give money back."""
        params: dict[str, Any] = {
            "payment_intent": payment_intent_id,
            "amount": amount_cents,
            "metadata": {ORDER_ID: str(order_id), REFUND_ID: str(refund_id)},
        }
        if reason is not None:
            params["reason"] = reason
        answer = self._client.v1.refunds.create_async(cast(Any, params), {"idempotency_key": f"refund-{refund_id}"})
        return read_refund(await _ask(answer))

    async def list_refunds(self, payment_intent_id: str) -> list[StripeRefund]:
        """All refunds of a payment as they stand now."""
        answer = self._client.v1.refunds.list_async({"payment_intent": payment_intent_id, "limit": PAGE_SIZE})
        return [read_refund(found) async for found in _each(answer)]

    async def list_bookings(self, *, since: datetime | None, after: str | None) -> LedgerPage:
        """A page of what was booked since a moment, to the second; `after` is the last one of the page before."""
        params: dict[str, Any] = {"limit": PAGE_SIZE, "expand": ["data.source"]}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        if after is not None:
            params["starting_after"] = after
        found = await _ask(self._client.v1.balance_transactions.list_async(cast(Any, params)))
        return LedgerPage([read_booking(each) for each in found["data"]], found["has_more"])


async def _ask(request: Awaitable[Answer]) -> dict[str, Any]:
    """The answer as plain values."""
    with _translated():
        return (await request).to_dict()


async def _each(request: Awaitable[stripe.ListObject[Any]]) -> AsyncIterator[dict[str, Any]]:
    """Every object of a list, page by page."""
    with _translated():
        async for found in (await request).auto_paging_iter():
            yield found.to_dict()


@contextmanager
def _translated() -> Iterator[None]:
    """The SDK's errors as one of ours."""
    try:
        yield
    except stripe.CardError as error:
        raise _declined(error) from error
    except stripe.InvalidRequestError as error:
        raise StripeRefused(
            error.user_message or "Stripe refused the request", code=error.code, param=error.param
        ) from error
    except stripe.StripeError as error:
        raise StripeUnavailable(f"{type(error).__name__}: {error}") from error


def _declined(error: stripe.CardError) -> CardDeclined:
    detail: dict[str, Any] = error.error.to_dict() if error.error is not None else {}
    intent = detail.get("payment_intent")
    return CardDeclined(
        error.user_message or "The card was declined",
        reason=read_failure(detail) or "card_declined",
        payment_intent_id=intent["id"] if intent else None,
    )
