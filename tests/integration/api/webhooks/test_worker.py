"""Handling messages: until it succeeds, whatever the order or number of deliveries."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow
from stripe import WebhookSignature

from tests.integration.api.conftest import Account
from tests.integration.api.payments.shop import Stripe
from tests.waiting import wait_until

MANY = 1000

Settled = Callable[[], None]


@pytest.fixture
def prompt(create_prompt: Callable[..., dict[str, Any]], seller: Account) -> dict[str, Any]:
    """A published prompt for 19.00 USD."""
    return create_prompt(seller)


@pytest.fixture
def buy(client: httpx.Client, buyer: Account, prompt: dict[str, Any]) -> Callable[[], httpx.Response]:
    """Buys the prompt as the buyer."""

    def buy() -> httpx.Response:
        return client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=buyer.headers)

    return buy


@pytest.fixture
def charge_without_answer(
    buy: Callable[[], httpx.Response], client: httpx.Client, buyer: Account, seller: Account,
    create_prompt: Callable[..., dict[str, Any]], stripe_simulator: Stripe, settled: Settled,
) -> Callable[[], str]:  # fmt: skip
    """Buys the prompt, is charged, and never hears of it; no message is delivered either. The id of the order."""

    def charge_without_answer() -> str:
        # The first purchase of an organization makes its customer, whose answer must not be the one that is lost.
        first = {"prompt_id": create_prompt(seller)["id"]}
        assert client.post("/marketplace/purchase", json=first, headers=buyer.headers).status_code == 201
        settled()
        stripe_simulator.set_faults(drop_connection_next=MANY, webhook_pause=True)
        answer = buy()
        stripe_simulator.set_faults(webhook_pause=True)
        assert answer.status_code == 503
        order_id: str = answer.json()["order_id"]
        assert len(stripe_simulator.intents_of(order_id)) == 1
        return order_id

    return charge_without_answer


@pytest.fixture
def state_of(database: psycopg.Connection[DictRow]) -> Callable[[str], dict[str, Any]]:
    """All that follows from the payment of an order, without what the clock or chance says."""

    def state_of(order_id: str) -> dict[str, Any]:
        order = database.execute("select status, fee_cents, failure_reason from orders where id = %s", [order_id])
        refunds = database.execute(
            "select amount_cents, status from refunds where order_id = %s order by amount_cents", [order_id]
        )
        entitlements = database.execute(
            "select revoked_at is not null as is_revoked, revocation_reason from entitlements where order_id = %s",
            [order_id],
        )
        events = database.execute(
            "select event_name from raw_events where properties ->> 'order_id' = %s order by event_name, event_id",
            [order_id],
        )
        return {
            "order": order.fetchone(),
            "refunds": refunds.fetchall(),
            "entitlements": entitlements.fetchall(),
            "events": [row["event_name"] for row in events],
        }

    return state_of


class TestAnyDelivery:
    @pytest.mark.parametrize("seed", range(6))
    def test_shuffled_and_doubled_messages_lead_to_the_same_state(
        self, charge_without_answer: Callable[[], str], stripe_simulator: Stripe, settled: Settled,
        state_of: Callable[[str], dict[str, Any]], seed: int,
    ):  # fmt: skip
        order_id = charge_without_answer()
        [intent] = stripe_simulator.intents_of(order_id)
        for amount in (400, 1500):
            stripe_simulator.sdk.v1.refunds.create({"payment_intent": intent["id"], "amount": amount})
        assert state_of(order_id)["order"]["status"] == "pending"
        stripe_simulator.set_faults(
            webhook_pause=True, webhook_shuffle=True, webhook_shuffle_window_ms=1, seed=seed, webhook_duplicates=2
        )
        stripe_simulator.redeliver_all()
        stripe_simulator.set_faults(webhook_shuffle=True, webhook_shuffle_window_ms=1, seed=seed)
        settled()
        assert state_of(order_id) == {
            "order": {"status": "refunded", "fee_cents": 85, "failure_reason": None},
            "refunds": [{"amount_cents": 400, "status": "succeeded"}, {"amount_cents": 1500, "status": "succeeded"}],
            "entitlements": [{"is_revoked": True, "revocation_reason": "refunded"}],
            "events": ["checkout.started", "order.paid", "order.refunded", "order.refunded"],
        }

    def test_messages_of_long_ago_change_nothing(
        self, buy: Callable[[], httpx.Response], client: httpx.Client, buyer: Account, stripe_simulator: Stripe,
        settled: Settled, state_of: Callable[[str], dict[str, Any]], database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        order_id = buy().json()["id"]
        client.post(f"/marketplace/orders/{order_id}/refund", headers=buyer.headers)
        settled()
        before = state_of(order_id)
        database.execute("delete from webhook_inbox")
        stripe_simulator.redeliver_all()
        settled()
        assert before["order"]["status"] == "refunded"
        assert state_of(order_id) == before

    def test_a_message_that_comes_before_we_know_the_payment_finds_its_order(
        self, charge_without_answer: Callable[[], str], stripe_simulator: Stripe, settled: Settled,
        state_of: Callable[[str], dict[str, Any]], database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        order_id = charge_without_answer()
        unknown = database.execute("select stripe_payment_intent_id from orders where id = %s", [order_id]).fetchone()
        stripe_simulator.set_faults()
        settled()
        assert unknown == {"stripe_payment_intent_id": None}
        assert state_of(order_id)["order"]["status"] == "paid"

    def test_a_payment_that_is_no_order_of_ours_is_passed_over(
        self, stripe_simulator: Stripe, settled: Settled, database: psycopg.Connection[DictRow]
    ):
        intent = stripe_simulator.sdk.v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        )
        stripe_simulator.sdk.v1.refunds.create({"payment_intent": intent.id})
        settled()
        assert (
            database.execute("select 1 from orders where stripe_payment_intent_id = %s", [intent.id]).fetchall() == []
        )


class TestFailure:
    def test_a_message_that_can_not_be_handled_does_not_stop_the_others(
        self, client: httpx.Client, stripe_simulator: Stripe, database: psycopg.Connection[DictRow],
        buy: Callable[[], httpx.Response],
    ):  # fmt: skip
        poison = {
            "id": "evt_poison",
            "object": "event",
            "type": "payment_intent.succeeded",
            "data": {"object": {"id": "pi_of_another_stripe", "object": "payment_intent"}},
        }
        body = json.dumps(poison)
        header = WebhookSignature.generate_signature_header(body, stripe_simulator.webhook_secret)
        answer = client.post("/webhooks/stripe", content=body, headers={"Stripe-Signature": header})
        assert answer.status_code == 200

        def find_poison() -> dict[str, Any]:
            row = database.execute("select * from webhook_inbox where external_id = 'evt_poison'").fetchone()
            assert row is not None
            return row

        wait_until(lambda: find_poison()["attempt_count"] >= 2, "the poison was tried again")
        assert "pi_of_another_stripe" in find_poison()["last_error"]
        assert find_poison()["handled_at"] is None
        buy()
        others = "select count(*) as number from webhook_inbox where handled_at is null and external_id <> 'evt_poison'"
        wait_until(
            lambda: stripe_simulator.count_waiting() == 0 and database.execute(others).fetchone() == {"number": 0},
            "the others were handled",
        )
        database.execute("delete from webhook_inbox where external_id = 'evt_poison'")

    def test_a_message_is_tried_again_when_stripe_is_back(
        self, charge_without_answer: Callable[[], str], stripe_simulator: Stripe, settled: Settled,
        state_of: Callable[[str], dict[str, Any]], database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        order_id = charge_without_answer()
        stripe_simulator.set_faults(fail_next=MANY)
        failed = "select 1 from webhook_inbox where handled_at is null and last_error like 'StripeUnavailable%'"
        wait_until(lambda: database.execute(failed).fetchone() is not None, "a message failed")
        stripe_simulator.set_faults()
        settled()
        assert state_of(order_id)["order"]["status"] == "paid"

    def test_a_message_an_earlier_process_left_is_handled(
        self, buy: Callable[[], httpx.Response], stripe_simulator: Stripe, settled: Settled,
        state_of: Callable[[str], dict[str, Any]], database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        order_id = buy().json()["id"]
        settled()
        database.execute("update webhook_inbox set handled_at = null, next_attempt_at = now() - interval '1 second'")
        stripe_simulator.sdk.v1.customers.create({"name": "Somebody, whose message wakes the worker"})
        settled()
        assert state_of(order_id)["order"]["status"] == "paid"
