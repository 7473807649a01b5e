"""Giving money back: as much as was paid, once, by those who may."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import Account
from tests.integration.api.payments.shop import Stripe

MANY = 1000

Refund = Callable[..., httpx.Response]
FindOrder = Callable[[], dict[str, Any]]


@pytest.fixture
def prompt(create_prompt: Callable[..., dict[str, Any]], seller: Account) -> dict[str, Any]:
    """A published prompt for 19.00 USD."""
    return create_prompt(seller)


@pytest.fixture
def order(client: httpx.Client, buyer: Account, prompt: dict[str, Any]) -> dict[str, Any]:
    """A paid order of the buyer."""
    answer = client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=buyer.headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def refund(client: httpx.Client, buyer: Account, order: dict[str, Any]) -> Refund:
    """Refunds the order: `refund(amount_cents=500, by=seller)`; by default as the buyer."""

    def refund(*, by: Account = buyer, **body: Any) -> httpx.Response:
        return client.post(f"/marketplace/orders/{order['id']}/refund", json=body, headers=by.headers)

    return refund


@pytest.fixture
def find_order(client: httpx.Client, buyer: Account, order: dict[str, Any]) -> FindOrder:
    """The order as its buyer sees it now."""

    def find_order() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/marketplace/orders/{order['id']}", headers=buyer.headers).json()
        return found

    return find_order


def refunds_at_stripe(stripe_simulator: Stripe, order: dict[str, Any]) -> list[int]:
    """What went back at Stripe, in minor units, the newest first."""
    [intent] = stripe_simulator.intents_of(order["id"])
    refunds = stripe_simulator.sdk.v1.refunds.list({"payment_intent": intent["id"], "limit": 100})
    return [refund.to_dict()["amount"] for refund in refunds.auto_paging_iter()]


class TestFullRefund:
    def test_all_of_it_goes_back_without_an_amount(
        self, refund: Refund, order: dict[str, Any], stripe_simulator: Stripe
    ):
        answer = refund(reason="requested_by_customer")
        assert answer.status_code == 201
        given = answer.json()
        assert (given["amount_cents"], given["status"], given["order_status"]) == (1900, "succeeded", "refunded")
        assert given["reason"] == "requested_by_customer"
        assert refunds_at_stripe(stripe_simulator, order) == [1900]

    def test_the_prompt_can_be_used_no_longer(
        self, refund: Refund, find_order: FindOrder, client: httpx.Client, buyer: Account, prompt: dict[str, Any]
    ):
        refund()
        assert find_order()["entitlement"]["revoked_at"] is not None
        assert client.get("/marketplace/library", headers=buyer.headers).json()["items"] == []
        body = {"variables": {"contract": "x"}}
        assert client.post(f"/prompts/{prompt['id']}/render", json=body, headers=buyer.headers).status_code == 403

    def test_the_prompt_can_be_bought_again(
        self, refund: Refund, client: httpx.Client, buyer: Account, prompt: dict[str, Any], order: dict[str, Any]
    ):
        refund()
        again = client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=buyer.headers)
        assert again.json()["status"] == "paid"
        assert again.json()["id"] != order["id"]

    def test_a_body_is_not_needed(self, client: httpx.Client, buyer: Account, order: dict[str, Any]):
        answer = client.post(f"/marketplace/orders/{order['id']}/refund", headers=buyer.headers)
        assert answer.json()["amount_cents"] == 1900


class TestPartialRefund:
    def test_the_entitlement_stays(self, refund: Refund, find_order: FindOrder):
        assert refund(amount_cents=500).json()["order_status"] == "partially_refunded"
        assert find_order()["refunded_cents"] == 500
        assert find_order()["entitlement"]["revoked_at"] is None

    def test_the_rest_completes_it(self, refund: Refund, find_order: FindOrder):
        refund(amount_cents=500)
        assert refund().json()["amount_cents"] == 1400
        assert (find_order()["status"], find_order()["refunded_cents"]) == ("refunded", 1900)

    def test_more_than_is_left_is_refused(self, refund: Refund, order: dict[str, Any], stripe_simulator: Stripe):
        refund(amount_cents=500)
        answer = refund(amount_cents=1401)
        assert answer.status_code == 409
        assert answer.json()["refundable_cents"] == 1400
        assert refunds_at_stripe(stripe_simulator, order) == [500]

    @pytest.mark.parametrize("amount_cents", [0, -1, 1.5, "all"])
    def test_an_amount_that_is_none_is_refused(self, refund: Refund, amount_cents: Any):
        assert refund(amount_cents=amount_cents).status_code == 422


class TestWhoMay:
    def test_the_seller_may(self, refund: Refund, seller: Account):
        assert refund(by=seller).json()["order_status"] == "refunded"

    def test_an_operator_may(self, refund: Refund, admin: Account):
        assert refund(by=admin).json()["order_status"] == "refunded"

    def test_others_do_not_learn_that_there_is_such_an_order(self, refund: Refund, register: Callable[[str], Account]):
        assert refund(by=register("buyer")).status_code == 404
        assert refund(by=register("seller")).status_code == 404

    def test_the_buyer_may_for_two_weeks(
        self, refund: Refund, order: dict[str, Any], database: psycopg.Connection[DictRow]
    ):
        move = "update orders set paid_at = now() - interval '14 days' + %s::interval where id = %s"
        database.execute(move, ["-1 minute", order["id"]])
        late = refund()
        database.execute(move, ["1 minute", order["id"]])
        assert late.status_code == 409
        assert late.json()["type"].endswith("refund-window-closed")
        assert refund().status_code == 201

    def test_the_seller_may_later(
        self, refund: Refund, seller: Account, order: dict[str, Any], database: psycopg.Connection[DictRow]
    ):
        database.execute("update orders set paid_at = now() - interval '90 days' where id = %s", [order["id"]])
        assert refund(by=seller).status_code == 201


class TestNothingToRefund:
    def test_what_was_refunded_already_is_refused(self, refund: Refund):
        refund()
        answer = refund()
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("order-not-refundable")

    def test_a_free_order_is_refused(
        self, client: httpx.Client, buyer: Account, seller: Account, create_prompt: Callable[..., dict[str, Any]]
    ):
        body = {"prompt_id": create_prompt(seller, price_cents=0)["id"]}
        order = client.post("/marketplace/purchase", json=body, headers=buyer.headers).json()
        assert client.post(f"/marketplace/orders/{order['id']}/refund", headers=buyer.headers).status_code == 409

    def test_what_stripe_s_dashboard_gave_back_is_not_given_twice(
        self, refund: Refund, find_order: FindOrder, order: dict[str, Any], stripe_simulator: Stripe
    ):
        stripe_simulator.set_faults(webhook_pause=True)
        [intent] = stripe_simulator.intents_of(order["id"])
        stripe_simulator.sdk.v1.refunds.create({"payment_intent": intent["id"], "amount": 1000})
        answer = refund()
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("refund-refused")
        assert (find_order()["status"], find_order()["refunded_cents"]) == ("partially_refunded", 1000)
        assert refund().json()["amount_cents"] == 900

    def test_what_a_bank_took_back_is_not_given_twice(
        self, refund: Refund, find_order: FindOrder, order: dict[str, Any], stripe_simulator: Stripe
    ):
        [intent] = stripe_simulator.intents_of(order["id"])
        dispute_id = stripe_simulator.dispute(intent["id"])
        answer = refund()
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("refund-refused")
        assert (find_order()["status"], find_order()["refunded_cents"]) == ("paid", 0)
        assert refunds_at_stripe(stripe_simulator, order) == []
        evidence: Any = {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
        stripe_simulator.sdk.v1.disputes.update(dispute_id, evidence)
        assert refund().json()["order_status"] == "refunded"


class TestLostAnswer:
    def test_asking_again_is_the_same_refund_without_help_of_its_key(
        self, refund: Refund, order: dict[str, Any], stripe_simulator: Stripe, settled: Callable[[], None],
        database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        settled()
        stripe_simulator.set_faults(drop_connection_next=MANY, webhook_pause=True)
        lost = refund()
        stripe_simulator.set_faults(webhook_pause=True)
        # Stripe forgets a key after a day. One with other parameters is no use either, and can be had at once.
        database.execute("update refunds set reason = 'duplicate' where id = %s", [lost.json()["refund_id"]])
        assert lost.status_code == 503
        again = refund().json()
        assert (again["id"], again["status"]) == (lost.json()["refund_id"], "succeeded")
        assert refunds_at_stripe(stripe_simulator, order) == [1900]

    def test_asking_again_makes_the_refund_that_never_was(
        self, refund: Refund, order: dict[str, Any], stripe_simulator: Stripe, settled: Callable[[], None]
    ):
        settled()
        stripe_simulator.set_faults(fail_next=MANY)
        lost = refund(amount_cents=300)
        stripe_simulator.set_faults()
        assert refunds_at_stripe(stripe_simulator, order) == []
        assert refund(amount_cents=400).json()["type"].endswith("refund-under-way")
        assert refund(amount_cents=300).json()["id"] == lost.json()["refund_id"]
        assert refunds_at_stripe(stripe_simulator, order) == [300]

    def test_stripe_s_message_settles_it(
        self, refund: Refund, find_order: FindOrder, stripe_simulator: Stripe, settled: Callable[[], None]
    ):
        settled()
        stripe_simulator.set_faults(drop_connection_next=MANY)
        refund()
        stripe_simulator.set_faults()
        settled()
        assert find_order()["status"] == "refunded"


class TestParallelRefunds:
    def test_the_money_goes_back_once(
        self, refund: Refund, order: dict[str, Any], stripe_simulator: Stripe, settled: Callable[[], None],
        find_order: FindOrder,
    ):  # fmt: skip
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: refund(), range(4)))
        settled()
        assert {answer.status_code for answer in answers} <= {201, 409, 503}
        assert refunds_at_stripe(stripe_simulator, order) == [1900]
        assert (find_order()["status"], find_order()["refunded_cents"]) == ("refunded", 1900)


class TestEvents:
    def test_each_refund_is_one_event(
        self, refund: Refund, order: dict[str, Any], prompt: dict[str, Any], stripe_simulator: Stripe,
        settled: Callable[[], None], stored_events: Callable[..., list[dict[str, Any]]],
    ):  # fmt: skip
        first = refund(amount_cents=500, reason="duplicate").json()
        second = refund().json()
        stripe_simulator.redeliver_all()
        settled()
        refunded = stored_events("order.refunded", prompt_id=prompt["id"])
        assert {event["properties"]["refund_id"] for event in refunded} == {first["id"], second["id"]}
        [duplicate] = [event for event in refunded if event["properties"]["reason"] == "duplicate"]
        assert duplicate["properties"]["amount_cents"] == 500
        assert duplicate["properties"]["order_id"] == order["id"]
