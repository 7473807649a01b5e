"""Payments through the official SDK: what succeeds, what is declined, what is refused, and what lists show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.simulators.stripe.conftest import Shop


# What form keys are made of, so that some bodies come close to being right.
KEYS = st.lists(
    st.sampled_from(["amount", "currency", "metadata", "expand", "created", "[", "]", "[]", "[0]", "[a]", "é", "\x00"]),
    min_size=1,
    max_size=5,
).map("".join)
VALUES = st.sampled_from(["", "0", "100", "-1", "9" * 30, "usd", "true", "customer", "latest_charge.x", "\x00", "é"])


def refusal(call: Any, **params: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(params=params)
    return caught.value


class TestCustomers:
    def test_created_customer_is_retrieved_unchanged(self, shop: Shop) -> None:
        created = shop.sdk.v1.customers.create(
            params={"email": "ops@buyer.example", "name": "Büyer & Söhne", "metadata": {"organization_id": "42"}}
        )
        assert created.id.startswith("cus_")
        assert shop.sdk.v1.customers.retrieve(created.id).to_dict() == created.to_dict()
        assert created.metadata is not None
        assert created.metadata["organization_id"] == "42"
        assert created.name == "Büyer & Söhne"

    def test_unknown_customer_is_missing(self, shop: Shop) -> None:
        with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_none'") as caught:
            shop.sdk.v1.customers.retrieve("cus_none")
        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")

    def test_id_of_another_kind_is_missing(self, shop: Shop) -> None:
        intent = shop.pay()
        with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
            shop.sdk.v1.customers.retrieve(intent.id)


class TestCreate:
    def test_confirmed_payment_succeeds(self, shop: Shop) -> None:
        customer = shop.sdk.v1.customers.create()
        intent = shop.pay(
            1999, customer=customer.id, off_session=True, transfer_group="order_7", metadata={"order_id": "7"}
        )
        charge = intent.latest_charge
        assert (intent.status, intent.amount_received, intent.currency) == ("succeeded", 1999, "usd")
        assert (charge.status, charge.paid, charge.customer) == ("succeeded", True, customer.id)
        assert (charge.payment_intent, charge.transfer_group) == (intent.id, "order_7")
        assert charge.metadata["order_id"] == "7"
        assert intent.client_secret.startswith(f"{intent.id}_secret_")

    def test_without_payment_method_waits_for_one(self, shop: Shop) -> None:
        intent = shop.payments.create(params={"amount": 500, "currency": "EUR"})
        assert (intent.status, intent.currency) == ("requires_payment_method", "eur")
        confirmed = shop.payments.confirm(intent.id, params={"payment_method": "pm_card_visa"})
        assert (confirmed.status, confirmed.amount_received) == ("succeeded", 500)

    def test_with_payment_method_waits_for_confirmation(self, shop: Shop) -> None:
        intent = shop.payments.create(params={"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"})
        assert (intent.status, intent.latest_charge) == ("requires_confirmation", None)
        assert shop.payments.confirm(intent.id).status == "succeeded"

    def test_payment_method_id_pays_again(self, shop: Shop) -> None:
        method = shop.pay().payment_method
        again = shop.pay(payment_method=method)
        assert (again.payment_method, again.status) == (method, "succeeded")

    @pytest.mark.parametrize(
        ("params", "code", "param"),
        [
            ({"currency": "usd"}, "parameter_missing", "amount"),
            ({"amount": 100}, "parameter_missing", "currency"),
            ({"amount": "ten", "currency": "usd"}, "parameter_invalid_integer", "amount"),
            ({"amount": "10.5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
            ({"amount": 0, "currency": "usd"}, "parameter_invalid_integer", "amount"),
            ({"amount": -5, "currency": "usd"}, "parameter_invalid_integer", "amount"),
            ({"amount": 100_000_000, "currency": "usd"}, "amount_too_large", "amount"),
            ({"amount": 100, "currency": "dollar"}, None, "currency"),
            ({"amount": 100, "currency": "usd", "prize": "1"}, "parameter_unknown", "prize"),
            ({"amount": 100, "currency": "usd", "confirm": "yes"}, None, "confirm"),
            ({"amount": 100, "currency": "usd", "customer": ""}, "parameter_invalid_empty", "customer"),
            ({"amount": 100, "currency": "usd", "customer": "cus_none"}, "resource_missing", "customer"),
            ({"amount": 100, "currency": "usd", "payment_method": "pm_no"}, "resource_missing", "payment_method"),
            ({"amount": 100, "currency": "usd", "confirm": True}, "parameter_missing", "payment_method"),
            ({"amount": 100, "currency": "usd", "off_session": True}, None, "off_session"),
            ({"amount": 100, "currency": "usd", "capture_method": "manual"}, None, "capture_method"),
            ({"amount": 100, "currency": "usd", "metadata": {"a": {"b": "c"}}}, None, "metadata"),
            ({"amount": 100, "currency": "usd", "expand": ["metadata"]}, None, "expand"),
        ],
    )
    def test_wrong_parameter_is_named(self, shop: Shop, params: dict[str, Any], code: str, param: str) -> None:
        error = refusal(shop.payments.create, **params)
        assert (error.http_status, error.code, error.param) == (400, code, param)
        assert error.request_id is not None
        assert error.request_id.startswith("req_")

    def test_refused_creation_leaves_nothing_behind(self, shop: Shop) -> None:
        before = shop.payments.list(params={"limit": 1}).data
        refusal(shop.payments.create, amount=100, currency="usd", expand=["metadata"])
        assert shop.payments.list(params={"limit": 1}).data == before


class TestConfirm:
    @pytest.mark.parametrize(
        ("payment_method", "code", "decline_code"),
        [
            ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
            ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
            ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ],
    )
    def test_declined_card_says_why(self, shop: Shop, payment_method: str, code: str, decline_code: str) -> None:
        with pytest.raises(stripe.CardError) as caught:
            shop.pay(payment_method=payment_method)
        error = caught.value
        assert error.error is not None
        assert (error.http_status, error.code, error.error.type) == (402, code, "card_error")
        assert error.error.to_dict().get("decline_code") == decline_code
        assert error.error.payment_intent is not None
        intent = shop.payments.retrieve(error.error.payment_intent.id, params={"expand": ["latest_charge"]})
        assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
        assert intent.last_payment_error.code == code
        assert (intent.latest_charge.status, intent.latest_charge.balance_transaction) == ("failed", None)

    def test_declined_payment_succeeds_with_another_card(self, shop: Shop) -> None:
        intent = shop.payments.create(params={"amount": 700, "currency": "usd"})
        with pytest.raises(stripe.CardError):
            shop.payments.confirm(intent.id, params={"payment_method": "pm_card_chargeDeclined"})
        paid = shop.payments.confirm(intent.id, params={"payment_method": "pm_card_visa"})
        assert (paid.status, paid.last_payment_error) == ("succeeded", None)
        charges = shop.sdk.v1.charges.list(params={"payment_intent": intent.id})
        assert [charge.status for charge in charges.data] == ["succeeded", "failed"]

    def test_paid_payment_cannot_be_confirmed_again(self, shop: Shop) -> None:
        intent = shop.pay()
        with pytest.raises(stripe.InvalidRequestError, match="status of succeeded") as caught:
            shop.payments.confirm(intent.id)
        assert caught.value.code == "payment_intent_unexpected_state"
        assert len(shop.sdk.v1.charges.list(params={"payment_intent": intent.id}).data) == 1

    def test_without_payment_method_is_refused(self, shop: Shop) -> None:
        intent = shop.payments.create(params={"amount": 500, "currency": "usd"})
        with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
            shop.payments.confirm(intent.id)


class TestAuthentication:
    def pending(self, shop: Shop) -> Any:
        return shop.pay(payment_method="pm_card_authenticationRequired")

    def test_present_buyer_is_asked(self, shop: Shop) -> None:
        intent = self.pending(shop)
        assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")
        assert intent.latest_charge is None

    def test_absent_buyer_is_declined(self, shop: Shop) -> None:
        with pytest.raises(stripe.CardError) as caught:
            shop.pay(payment_method="pm_card_authenticationRequired", off_session=True)
        assert caught.value.code == "authentication_required"

    @pytest.mark.parametrize(("outcome", "status"), [("succeed", "succeeded"), ("fail", "requires_payment_method")])
    def test_buyer_decides_the_outcome(self, shop: Shop, outcome: str, status: str) -> None:
        intent = self.pending(shop)
        answer = shop.http.post(f"/_simulator/payment_intents/{intent.id}/authenticate", json={"outcome": outcome})
        assert answer.status_code == 200
        assert shop.payments.retrieve(intent.id).status == status

    def test_only_a_waiting_payment_is_authenticated(self, shop: Shop) -> None:
        answer = shop.http.post(f"/_simulator/payment_intents/{shop.pay().id}/authenticate", json={})
        assert answer.status_code == 400
        assert "status of succeeded" in answer.json()["detail"]


class TestCancel:
    def test_open_payment_is_canceled_for_good(self, shop: Shop) -> None:
        intent = shop.payments.create(params={"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"})
        canceled = shop.payments.cancel(intent.id, params={"cancellation_reason": "abandoned"})
        assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
        assert canceled.canceled_at is not None
        with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
            shop.payments.confirm(intent.id)

    def test_paid_payment_stays_paid(self, shop: Shop) -> None:
        intent = shop.pay()
        with pytest.raises(stripe.InvalidRequestError, match="You cannot cancel this PaymentIntent"):
            shop.payments.cancel(intent.id)
        assert shop.payments.retrieve(intent.id).status == "succeeded"


class TestList:
    def test_pages_cover_everything_newest_first(self, shop: Shop) -> None:
        customer = shop.sdk.v1.customers.create().id
        made = [shop.pay(customer=customer).id for _ in range(5)]
        pages = shop.payments.list(params={"customer": customer, "limit": 2})
        assert [intent.id for intent in pages.data] == made[:2:-1]
        assert pages.has_more
        assert [intent.id for intent in pages.auto_paging_iter()] == made[::-1]

    def test_ending_before_shows_the_page_above(self, shop: Shop) -> None:
        customer = shop.sdk.v1.customers.create().id
        made = [shop.pay(customer=customer).id for _ in range(4)]
        page = shop.payments.list(params={"customer": customer, "limit": 2, "ending_before": made[0]})
        assert [intent.id for intent in page.data] == [made[2], made[1]]
        assert page.has_more

    def test_created_bounds_cut_the_list(self, shop: Shop) -> None:
        intent = shop.pay()
        at = intent.created
        newest = {"limit": 100}
        assert intent.id in {i.id for i in shop.payments.list(params={**newest, "created": {"gte": at}}).data}
        assert intent.id in {i.id for i in shop.payments.list(params={**newest, "created": at}).data}
        assert shop.payments.list(params={"created": {"gt": at + 60}}).data == []
        assert intent.id not in {i.id for i in shop.payments.list(params={**newest, "created": {"lt": at}}).data}

    def test_elements_are_expanded(self, shop: Shop) -> None:
        intent = shop.pay()
        page = shop.payments.list(params={"limit": 1, "expand": ["data.latest_charge.balance_transaction"]})
        assert page.data[0].latest_charge.balance_transaction.net == intent.latest_charge.balance_transaction.net

    def test_unexpanded_answer_has_the_id(self, shop: Shop) -> None:
        charge = shop.pay().latest_charge
        assert shop.sdk.v1.charges.retrieve(charge.id).balance_transaction == charge.balance_transaction.id

    @pytest.mark.parametrize(
        ("params", "param"),
        [
            ({"limit": 0}, "limit"),
            ({"limit": 101}, "limit"),
            ({"starting_after": "pi_none"}, "starting_after"),
            ({"created": {"since": 5}}, "created[since]"),
            ({"created": {"gte": "monday"}}, "created[gte]"),
            ({"expand": ["latest_charge"]}, "expand"),
        ],
    )
    def test_wrong_query_is_named(self, shop: Shop, params: dict[str, Any], param: str) -> None:
        assert refusal(shop.payments.list, **params).param == param


class TestAccess:
    def test_missing_key_is_unauthorized(self, shop: Shop) -> None:
        answer = shop.http.get("/v1/charges")
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "invalid_request_error"
        assert answer.headers["request-id"].startswith("req_")

    def test_live_key_is_refused(self, shop: Shop) -> None:
        live = stripe.StripeClient("sk_live_oops", base_addresses={"api": shop.url})
        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided: sk_live"):
            live.v1.customers.create()

    def test_key_as_basic_user_is_accepted(self, shop: Shop) -> None:
        assert shop.http.get("/v1/charges", auth=("sk_test_shop", "")).status_code == 200

    @pytest.mark.parametrize(("method", "path"), [("GET", "/v1/payouts"), ("DELETE", "/v1/customers/cus_1")])
    def test_unknown_url_is_said_to_be_so(self, shop: Shop, method: str, path: str) -> None:
        answer = shop.http.request(method, path, headers={"authorization": "Bearer sk_test_shop"})
        assert answer.status_code == 404
        assert f"Unrecognized request URL ({method}: {path})" in answer.json()["error"]["message"]

    @pytest.mark.parametrize(
        ("body", "content_type", "message"),
        [
            (b'{"email": "a@b.example"}', "application/json", "send the body as application/x-www-form-urlencoded"),
            (b"email=%ff", "application/x-www-form-urlencoded", "Invalid UTF-8"),
            (b"metadata[a=1", "application/x-www-form-urlencoded", "misplaced brackets"),
            (b"metadata=1&metadata[a]=1", "application/x-www-form-urlencoded", "both as a value and as an object"),
            (b"&".join(b"metadata[%d]=1" % n for n in range(1001)), "application/x-www-form-urlencoded", "Too many"),
        ],
    )
    def test_unreadable_body_is_refused(self, shop: Shop, body: bytes, content_type: str, message: str) -> None:
        headers = {"authorization": "Bearer sk_test_shop", "content-type": content_type}
        answer: httpx.Response = shop.http.post("/v1/customers", content=body, headers=headers)
        assert answer.status_code == 400
        assert message in answer.json()["error"]["message"]

    @settings(max_examples=100, deadline=None)
    @given(fields=st.dictionaries(KEYS, VALUES, max_size=6), path=st.sampled_from(["customers", "payment_intents"]))
    def test_no_body_or_query_makes_it_fail(self, shop: Shop, fields: dict[str, str], path: str) -> None:
        headers = {"authorization": "Bearer sk_test_shop"}
        assert shop.http.post(f"/v1/{path}", data=fields, headers=headers).status_code in {200, 400}
        assert shop.http.get("/v1/charges", params=fields, headers=headers).status_code in {200, 400}
