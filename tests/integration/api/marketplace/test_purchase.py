"""Buying: paid once, or not at all, whatever goes wrong on the way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import Account
from tests.integration.api.payments.shop import Stripe
from tests.waiting import wait_until

CreatePrompt = Callable[..., dict[str, Any]]
ChargesOf = Callable[[str], list[dict[str, Any]]]
MANY = 1000


@pytest.fixture
def prompt(create_prompt: CreatePrompt, seller: Account) -> dict[str, Any]:
    """A published prompt for 19.00 USD."""
    return create_prompt(seller)


@pytest.fixture
def buy(client: httpx.Client, buyer: Account) -> Callable[..., httpx.Response]:
    """Buys as the buyer: `buy(prompt, payment_method="pm_card_visa")`."""

    def buy(prompt: dict[str, Any], **more: Any) -> httpx.Response:
        body = {"prompt_id": prompt["id"], **more}
        return client.post("/marketplace/purchase", json=body, headers=buyer.headers)

    return buy


Buy = Callable[..., httpx.Response]


class TestPurchase:
    def test_a_paid_order_grants_an_entitlement(self, buy: Buy, prompt: dict[str, Any], buyer: Account):
        order = buy(prompt).json()
        assert (order["status"], order["amount_cents"], order["currency"]) == ("paid", 1900, "USD")
        assert (order["prompt_id"], order["prompt_version"]) == (prompt["id"], 1)
        assert order["buyer_organization_id"] == buyer.organization_id
        assert order["entitlement"]["revoked_at"] is None
        assert order["client_secret"] is None

    def test_a_bought_prompt_can_be_rendered(
        self, buy: Buy, prompt: dict[str, Any], buyer: Account, client: httpx.Client
    ):
        url = f"/prompts/{prompt['id']}/render"
        body = {"variables": {"contract": "The parties agree."}}
        assert client.post(url, json=body, headers=buyer.headers).status_code == 403
        assert buy(prompt).status_code == 201
        answer = client.post(url, json=body, headers=buyer.headers)
        assert answer.json()["text"] == "Summarise this contract for a lawyer:\n\nThe parties agree."

    def test_a_bought_prompt_is_in_the_library(
        self, buy: Buy, prompt: dict[str, Any], buyer: Account, client: httpx.Client
    ):
        order = buy(prompt).json()
        [item] = client.get("/marketplace/library", headers=buyer.headers).json()["items"]
        assert (item["prompt_id"], item["order_id"]) == (prompt["id"], order["id"])

    def test_the_fee_is_what_stripe_booked(
        self, buy: Buy, prompt: dict[str, Any], stripe_simulator: Stripe, database: psycopg.Connection[DictRow]
    ):
        order = buy(prompt).json()
        [intent] = stripe_simulator.intents_of(order["id"])
        booked = stripe_simulator.sdk.v1.charges.retrieve(
            intent["latest_charge"], {"expand": ["balance_transaction"]}
        ).to_dict()["balance_transaction"]
        row = database.execute("select * from orders where id = %s", [order["id"]]).fetchone()
        assert row is not None
        assert row["fee_cents"] == booked["fee"] == 85
        assert row["stripe_payment_intent_id"] == intent["id"]

    def test_the_receipt_of_the_list_is_kept(self, buy: Buy, prompt: dict[str, Any]):
        assert buy(prompt, receipt_id="receipt-of-a-list").json()["receipt_id"] == "receipt-of-a-list"

    def test_a_free_prompt_never_meets_stripe(
        self, buy: Buy, create_prompt: CreatePrompt, seller: Account, stripe_simulator: Stripe
    ):
        stripe_simulator.set_faults(fail_next=MANY)
        order = buy(create_prompt(seller, price_cents=0)).json()
        assert (order["status"], order["amount_cents"]) == ("paid", 0)
        assert order["entitlement"] is not None

    def test_amounts_of_currencies_without_a_hundredth_are_charged_as_they_are(
        self, buy: Buy, create_prompt: CreatePrompt, seller: Account, stripe_simulator: Stripe
    ):
        order = buy(create_prompt(seller, price_cents=1500, currency="JPY")).json()
        [intent] = stripe_simulator.intents_of(order["id"])
        assert (intent["amount"], intent["currency"]) == (1500, "jpy")

    def test_a_log_in_is_needed(self, client: httpx.Client, prompt: dict[str, Any]):
        assert client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}).status_code == 401

    @pytest.mark.parametrize("body", [{}, {"prompt_id": "x"}, {"prompt_id": str(uuid4()), "amount_cents": 1}])
    def test_a_body_that_says_something_else_is_refused(
        self, client: httpx.Client, buyer: Account, body: dict[str, Any]
    ):
        assert client.post("/marketplace/purchase", json=body, headers=buyer.headers).status_code == 422


class TestNotForSale:
    def test_an_unknown_prompt_is_not_found(self, buy: Buy):
        assert buy({"id": str(uuid4())}).status_code == 404

    def test_a_draft_is_not_found(self, buy: Buy, create_prompt: CreatePrompt, seller: Account):
        assert buy(create_prompt(seller, publish=False)).status_code == 404

    def test_an_archived_prompt_is_not_found(
        self, buy: Buy, prompt: dict[str, Any], client: httpx.Client, seller: Account
    ):
        client.post(f"/prompts/{prompt['id']}/archive", headers=seller.headers)
        assert buy(prompt).status_code == 404

    def test_sellers_can_not_buy_from_themselves(self, client: httpx.Client, seller: Account, prompt: dict[str, Any]):
        answer = client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=seller.headers)
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("own-prompt-not-purchasable")

    def test_what_is_owned_can_not_be_bought_again(self, buy: Buy, prompt: dict[str, Any], charges_of: ChargesOf):
        order = buy(prompt).json()
        answer = buy(prompt)
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("prompt-already-purchased")
        assert answer.json()["order_id"] == order["id"]
        assert len(charges_of(order["buyer_organization_id"])) == 1


class TestDecline:
    def test_the_bank_s_reason_is_told(self, buy: Buy, prompt: dict[str, Any]):
        answer = buy(prompt, payment_method="pm_card_chargeDeclinedInsufficientFunds")
        assert answer.status_code == 402
        assert answer.headers["content-type"] == "application/problem+json"
        assert "insufficient_funds" in answer.json()["detail"]
        assert answer.json()["decline_code"] == "insufficient_funds"

    def test_the_order_fails_and_its_payment_is_given_up(
        self, buy: Buy, prompt: dict[str, Any], client: httpx.Client, buyer: Account, stripe_simulator: Stripe
    ):
        order_id = buy(prompt, payment_method="pm_card_chargeDeclined").json()["order_id"]
        order = client.get(f"/marketplace/orders/{order_id}", headers=buyer.headers).json()
        assert (order["status"], order["failure_reason"]) == ("failed", "generic_decline")
        assert order["entitlement"] is None
        assert [intent["status"] for intent in stripe_simulator.intents_of(order_id)] == ["canceled"]

    def test_another_card_makes_another_order(self, buy: Buy, prompt: dict[str, Any], settled: Callable[[], None]):
        declined = buy(prompt, payment_method="pm_card_chargeDeclined").json()
        settled()
        order = buy(prompt).json()
        assert order["status"] == "paid"
        assert order["id"] != declined["order_id"]

    def test_a_card_that_needs_its_owner_is_declined(self, buy: Buy, prompt: dict[str, Any]):
        answer = buy(prompt, payment_method="pm_card_authenticationRequired")
        assert (answer.status_code, answer.json()["decline_code"]) == (402, "authentication_required")

    def test_an_unknown_payment_method_is_named(self, buy: Buy, prompt: dict[str, Any]):
        answer = buy(prompt, payment_method="pm_of_nobody")
        assert answer.status_code == 422
        assert "pm_of_nobody" in answer.json()["detail"]
        assert buy(prompt).json()["status"] == "paid"


class TestLostAnswer:
    def test_the_order_is_said_to_stay_pending(
        self, buy: Buy, prompt: dict[str, Any], client: httpx.Client, buyer: Account, stripe_simulator: Stripe
    ):
        stripe_simulator.set_faults(drop_connection_next=MANY, webhook_pause=True)
        answer = buy(prompt)
        assert answer.status_code == 503
        assert "pending" in answer.json()["detail"]
        assert answer.headers["retry-after"]
        order = client.get(f"/marketplace/orders/{answer.json()['order_id']}", headers=buyer.headers).json()
        assert order["status"] == "pending"

    def test_a_charge_whose_answer_was_lost_is_settled_by_stripe_s_message(
        self, buy: Buy, create_prompt: CreatePrompt, seller: Account, client: httpx.Client, buyer: Account,
        stripe_simulator: Stripe,
    ):  # fmt: skip
        buy(create_prompt(seller))
        stripe_simulator.set_faults(drop_connection_next=MANY)
        order_id = buy(create_prompt(seller)).json()["order_id"]
        stripe_simulator.set_faults()

        def is_paid() -> bool:
            return client.get(f"/marketplace/orders/{order_id}", headers=buyer.headers).json()["status"] == "paid"

        wait_until(is_paid, "the message settled the order")
        assert len(stripe_simulator.intents_of(order_id)) == 1

    def test_buying_again_takes_up_the_charge_whose_answer_was_lost(
        self, buy: Buy, create_prompt: CreatePrompt, seller: Account, buyer: Account, stripe_simulator: Stripe,
        charges_of: ChargesOf,
    ):  # fmt: skip
        prompt = create_prompt(seller)
        buy(create_prompt(seller))
        stripe_simulator.set_faults(drop_connection_next=MANY, webhook_pause=True)
        lost = buy(prompt)
        stripe_simulator.set_faults(webhook_pause=True)
        order = buy(prompt, payment_method="pm_card_mastercard").json()
        assert (order["id"], order["status"]) == (lost.json()["order_id"], "paid")
        assert len(charges_of(buyer.organization_id)) == 2

    @pytest.mark.parametrize("status", [500, 503])
    def test_buying_again_makes_the_charge_that_never_was(
        self, buy: Buy, create_prompt: CreatePrompt, seller: Account, stripe_simulator: Stripe, status: int
    ):
        prompt = create_prompt(seller)
        buy(create_prompt(seller))
        stripe_simulator.set_faults(fail_next=MANY, fail_status=status)
        lost = buy(prompt)
        stripe_simulator.set_faults()
        assert lost.status_code == 503
        assert stripe_simulator.intents_of(lost.json()["order_id"]) == []
        order = buy(prompt).json()
        assert (order["id"], order["status"]) == (lost.json()["order_id"], "paid")
        assert len(stripe_simulator.intents_of(order["id"])) == 1

    def test_a_customer_stripe_no_longer_knows_is_made_anew(
        self, buy: Buy, prompt: dict[str, Any], buyer: Account, database: psycopg.Connection[DictRow]
    ):
        database.execute(
            "update organizations set stripe_customer_id = 'cus_of_another_account' where id = %s",
            [buyer.organization_id],
        )
        assert buy(prompt).json()["status"] == "paid"


class TestParallelPurchases:
    def test_there_is_one_charge_and_one_entitlement(
        self, buy: Buy, prompt: dict[str, Any], buyer: Account, charges_of: ChargesOf,
        database: psycopg.Connection[DictRow], settled: Callable[[], None],
    ):  # fmt: skip
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: buy(prompt), range(8)))
        settled()
        assert {answer.status_code for answer in answers} <= {201, 409, 503}
        assert 201 in {answer.status_code for answer in answers}
        assert len(charges_of(buyer.organization_id)) == 1
        rows = database.execute(
            "select * from entitlements where organization_id = %s and prompt_id = %s",
            [buyer.organization_id, prompt["id"]],
        ).fetchall()
        assert len(rows) == 1

    def test_a_free_prompt_is_granted_once(
        self, buy: Buy, create_prompt: CreatePrompt, seller: Account, buyer: Account,
        database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        prompt = create_prompt(seller, price_cents=0)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: buy(prompt), range(8)))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
        rows = database.execute("select * from orders where prompt_id = %s", [prompt["id"]]).fetchall()
        assert len(rows) == 1


class TestEvents:
    def test_checkout_and_payment_are_each_one_event(
        self, buy: Buy, prompt: dict[str, Any], buyer: Account, stripe_simulator: Stripe,
        stored_events: Callable[..., list[dict[str, Any]]], settled: Callable[[], None],
    ):  # fmt: skip
        order = buy(prompt, receipt_id="r-1").json()
        stripe_simulator.redeliver_all()
        settled()
        [started] = stored_events("checkout.started", prompt_id=prompt["id"])
        [paid] = stored_events("order.paid", prompt_id=prompt["id"])
        assert started["properties"] == {"order_id": order["id"]}
        assert paid["properties"] == {
            "order_id": order["id"], "amount_cents": 1900, "currency": "USD", "receipt_id": "r-1",
        }  # fmt: skip
        for event in (started, paid):
            assert str(event["user_id"]) == buyer.user_id
            assert str(event["organization_id"]) == buyer.organization_id

    def test_a_declined_purchase_began_and_was_not_paid(
        self, buy: Buy, prompt: dict[str, Any], stored_events: Callable[..., list[dict[str, Any]]]
    ):
        buy(prompt, payment_method="pm_card_chargeDeclined")
        assert len(stored_events("checkout.started", prompt_id=prompt["id"])) == 1
        assert stored_events("order.paid", prompt_id=prompt["id"]) == []


class TestExpectedPrice:
    def test_is_what_is_paid(self, buy: Buy, prompt: dict[str, Any]):
        order = buy(prompt, expected_price_cents=1900, expected_currency="USD").json()
        assert (order["status"], order["amount_cents"]) == ("paid", 1900)

    @pytest.mark.parametrize(
        "expected", [{"expected_price_cents": 1899}, {"expected_price_cents": 0}, {"expected_currency": "JPY"}]
    )
    def test_of_another_amount_buys_nothing(
        self, buy: Buy, prompt: dict[str, Any], buyer: Account, client: httpx.Client, expected: dict[str, Any]
    ):
        answer = buy(prompt, **expected)
        assert (answer.status_code, answer.json()["title"]) == (409, "Price changed")
        assert (answer.json()["price_cents"], answer.json()["currency"]) == (1900, "USD")
        assert client.get("/marketplace/orders", headers=buyer.headers).json()["items"] == []

    def test_of_a_seller_who_raised_it_meanwhile_buys_nothing(
        self, buy: Buy, prompt: dict[str, Any], client: httpx.Client, seller: Account
    ):
        client.patch(f"/prompts/{prompt['id']}", json={"price_cents": 99_999_999}, headers=seller.headers)
        assert buy(prompt, expected_price_cents=1900).status_code == 409

    def test_is_paid_where_an_earlier_try_at_another_price_never_reached_stripe(
        self, buy: Buy, prompt: dict[str, Any], client: httpx.Client, seller: Account, stripe_simulator: Stripe
    ):
        stripe_simulator.set_faults(fail_next=MANY)
        assert buy(prompt).status_code == 503
        stripe_simulator.set_faults()
        client.patch(f"/prompts/{prompt['id']}", json={"price_cents": 900}, headers=seller.headers)
        order = buy(prompt, expected_price_cents=900).json()
        assert (order["status"], order["amount_cents"]) == ("paid", 900)
