"""Buying where no card is on file: the order waits until the buyer confirms the payment and Stripe's message tells."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import Account
from tests.integration.api.payments.shop import Stripe
from tests.waiting import wait_until
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def shop_settings(api_settings: Settings, stripe_simulator: Stripe) -> Settings:
    """As in production, nobody is charged by default."""
    return api_settings.model_copy(
        update={"stripe_api_base": stripe_simulator.url, "stripe_default_payment_method": None}
    )


@pytest.fixture
def prompt(create_prompt: Callable[..., dict[str, Any]], seller: Account) -> dict[str, Any]:
    """A published prompt for 19.00 USD."""
    return create_prompt(seller)


@pytest.fixture
def buy(client: httpx.Client, buyer: Account, prompt: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Buys the prompt as the buyer."""

    def buy(**more: Any) -> dict[str, Any]:
        answer = client.post("/marketplace/purchase", json={"prompt_id": prompt["id"], **more}, headers=buyer.headers)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return buy


@pytest.fixture
def find_order(client: httpx.Client, buyer: Account) -> Callable[[str], dict[str, Any]]:
    """An order as its buyer sees it."""

    def find_order(order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/marketplace/orders/{order_id}", headers=buyer.headers).json()
        return found

    return find_order


Buy = Callable[..., dict[str, Any]]
FindOrder = Callable[[str], dict[str, Any]]
Settled = Callable[[], None]


class TestPurchase:
    def test_the_order_waits_with_a_secret_to_pay_it(self, buy: Buy, stripe_simulator: Stripe):
        order = buy()
        [intent] = stripe_simulator.intents_of(order["id"])
        assert (order["status"], order["entitlement"]) == ("pending", None)
        assert order["client_secret"] == intent["client_secret"]

    def test_confirming_the_payment_grants_the_prompt(
        self, buy: Buy, find_order: FindOrder, stripe_simulator: Stripe, settled: Settled
    ):
        order = buy()
        [intent] = stripe_simulator.intents_of(order["id"])
        stripe_simulator.sdk.v1.payment_intents.confirm(intent["id"], {"payment_method": "pm_card_visa"})
        settled()
        assert find_order(order["id"])["status"] == "paid"
        assert find_order(order["id"])["entitlement"] is not None

    def test_buying_again_is_the_same_order(self, buy: Buy):
        first, second = buy(), buy()
        assert (second["id"], second["client_secret"]) == (first["id"], first["client_secret"])

    def test_buying_again_with_a_card_pays_the_same_order(self, buy: Buy, stripe_simulator: Stripe):
        first = buy()
        second = buy(payment_method="pm_card_visa")
        assert (second["id"], second["status"]) == (first["id"], "paid")
        assert len(stripe_simulator.intents_of(first["id"])) == 1

    def test_a_card_that_is_declined_leaves_the_order_open_for_another(
        self, buy: Buy, find_order: FindOrder, stripe_simulator: Stripe, settled: Settled
    ):
        order = buy()
        [intent] = stripe_simulator.intents_of(order["id"])
        confirm = stripe_simulator.sdk.v1.payment_intents.confirm
        with pytest.raises(Exception, match="declined"):
            confirm(intent["id"], {"payment_method": "pm_card_chargeDeclined"})
        settled()
        assert find_order(order["id"])["status"] == "pending"
        confirm(intent["id"], {"payment_method": "pm_card_visa"})
        settled()
        assert find_order(order["id"])["status"] == "paid"

    def test_a_payment_given_up_at_stripe_fails_the_order(
        self, buy: Buy, find_order: FindOrder, stripe_simulator: Stripe, settled: Settled
    ):
        order = buy()
        [intent] = stripe_simulator.intents_of(order["id"])
        stripe_simulator.sdk.v1.payment_intents.cancel(intent["id"])
        settled()
        assert find_order(order["id"])["status"] == "failed"
        assert buy()["id"] != order["id"]

    def test_a_payment_given_up_without_word_makes_room_for_another_order(self, buy: Buy, stripe_simulator: Stripe):
        stripe_simulator.set_faults(webhook_pause=True)
        order = buy()
        [intent] = stripe_simulator.intents_of(order["id"])
        stripe_simulator.sdk.v1.payment_intents.cancel(intent["id"])
        assert buy()["id"] != order["id"]

    def test_a_price_changed_meanwhile_is_the_price_that_is_paid(
        self, buy: Buy, find_order: FindOrder, client: httpx.Client, seller: Account, prompt: dict[str, Any]
    ):
        old = buy()
        client.patch(f"/prompts/{prompt['id']}", json={"price_cents": 900}, headers=seller.headers)
        new = buy(payment_method="pm_card_visa")
        assert (new["status"], new["amount_cents"]) == ("paid", 900)
        assert find_order(old["id"])["status"] == "failed"

    def test_a_payment_of_another_amount_waits_for_a_person(
        self, buy: Buy, find_order: FindOrder, stripe_simulator: Stripe, settled: Settled,
        database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        order = buy()
        database.execute("update orders set amount_cents = 1901 where id = %s", [order["id"]])
        [intent] = stripe_simulator.intents_of(order["id"])
        stripe_simulator.sdk.v1.payment_intents.confirm(intent["id"], {"payment_method": "pm_card_visa"})
        refused = "select 1 from webhook_inbox where last_error like %s"
        wait_until(
            lambda: database.execute(refused, [f"PaymentMismatch%{order['id']}"]).fetchone() is not None,
            "the message was refused",
        )
        assert find_order(order["id"])["status"] == "pending"
        database.execute("update orders set amount_cents = 1900 where id = %s", [order["id"]])
        settled()
        assert find_order(order["id"])["status"] == "paid"
