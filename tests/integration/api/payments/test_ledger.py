"""Reading Stripe's ledger: every entry once, whatever fails, and whoever caused it."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import Account
from tests.integration.api.payments.shop import Stripe
from tests.waiting import wait_until

MANY = 1000
REFUNDS = 8
# So that they fill pages.
PAGE_SIZE = 3

Settled = Callable[[], None]
Rows = list[dict[str, Any]]


@pytest.fixture
def buy(
    client: httpx.Client, buyer: Account, seller: Account, create_prompt: Callable[..., dict[str, Any]]
) -> Callable[[], dict[str, Any]]:
    """Buys a new prompt for 19.00 USD; the order."""

    def buy() -> dict[str, Any]:
        body = {"prompt_id": create_prompt(seller)["id"]}
        answer = client.post("/marketplace/purchase", json=body, headers=buyer.headers)
        assert answer.status_code == 201, answer.text
        order: dict[str, Any] = answer.json()
        return order

    return buy


@pytest.fixture
def booked(database: psycopg.Connection[DictRow]) -> Callable[[str], Rows]:
    """What is kept of a payment, in the order it was booked."""

    def booked(payment_intent_id: str) -> Rows:
        found = database.execute(
            "select type, amount_cents, fee_cents, net_cents, currency, source_object, source_amount_cents,"
            " source_currency from balance_transactions where payment_intent_id = %s order by type, amount_cents",
            [payment_intent_id],
        )
        return found.fetchall()

    return booked


@pytest.fixture
def is_complete(database: psycopg.Connection[DictRow], stripe_simulator: Stripe) -> Callable[[], bool]:
    """Whether each balance transaction of Stripe is kept, and nothing else."""

    def is_complete() -> bool:
        listed = stripe_simulator.sdk.v1.balance_transactions.list({"limit": 100}).auto_paging_iter()
        kept = database.execute("select id, amount_cents, fee_cents, net_cents from balance_transactions").fetchall()
        return sorted((each.id, each.amount, each.fee, each.net) for each in listed) == sorted(
            (row["id"], row["amount_cents"], row["fee_cents"], row["net_cents"]) for row in kept
        )

    return is_complete


def intent_of(stripe: Stripe, order: dict[str, Any]) -> str:
    """The id of the payment of an order."""
    [intent] = stripe.intents_of(order["id"])
    found: str = intent["id"]
    return found


class TestReading:
    def test_a_purchase_and_its_refunds_are_kept_as_stripe_booked_them(
        self, buy: Callable[[], dict[str, Any]], stripe_simulator: Stripe, settled: Settled,
        booked: Callable[[str], Rows],
    ):  # fmt: skip
        intent_id = intent_of(stripe_simulator, buy())
        stripe_simulator.sdk.v1.refunds.create({"payment_intent": intent_id, "amount": 400})
        settled()
        in_dollars = {"currency": "USD", "source_currency": "USD"}
        assert booked(intent_id) == [
            {
                "type": "charge", "amount_cents": 1900, "fee_cents": 85, "net_cents": 1815,
                "source_object": "charge", "source_amount_cents": 1900, **in_dollars,
            },
            {
                "type": "refund", "amount_cents": -400, "fee_cents": 0, "net_cents": -400,
                "source_object": "refund", "source_amount_cents": -400, **in_dollars,
            },
        ]  # fmt: skip

    def test_money_that_is_no_order_s_is_kept_too(
        self, stripe_simulator: Stripe, settled: Settled, booked: Callable[[str], Rows]
    ):
        intent = stripe_simulator.sdk.v1.payment_intents.create(
            {"amount": 500, "currency": "jpy", "payment_method": "pm_card_visa", "confirm": True}
        )
        settled()
        assert [(row["amount_cents"], row["currency"]) for row in booked(intent.id)] == [(500, "JPY")]

    def test_an_entry_no_message_told_of_is_found(
        self, stripe_simulator: Stripe, settled: Settled, database: psycopg.Connection[DictRow],
        is_complete: Callable[[], bool],
    ):  # fmt: skip
        settled()
        database.execute("delete from balance_transactions")
        database.execute("update ledger_positions set read_through = null, next_read_at = now()")
        stripe_simulator.sdk.v1.customers.create({"name": "Somebody, whose message wakes the worker"})
        settled()
        assert is_complete()


class TestDisputes:
    def test_what_the_bank_takes_and_gives_back_is_of_the_order(
        self, buy: Callable[[], dict[str, Any]], stripe_simulator: Stripe, settled: Settled,
        booked: Callable[[str], Rows],
    ):  # fmt: skip
        intent_id = intent_of(stripe_simulator, buy())
        dispute_id = stripe_simulator.dispute(intent_id)
        stripe_simulator.sdk.v1.disputes.update(
            dispute_id, {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
        )
        settled()
        assert [
            (row["type"], row["source_object"], row["amount_cents"], row["fee_cents"], row["source_amount_cents"])
            for row in booked(intent_id)
        ] == [
            ("adjustment", "dispute", -1900, 1500, -1900),
            ("adjustment", "dispute", 1900, 0, 1900),
            ("charge", "charge", 1900, 85, 1900),
        ]

    def test_its_messages_may_come_twice_and_in_any_order_and_change_no_order(
        self, buy: Callable[[], dict[str, Any]], stripe_simulator: Stripe, settled: Settled,
        booked: Callable[[str], Rows], database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        order = buy()
        intent_id = intent_of(stripe_simulator, order)
        stripe_simulator.set_faults(webhook_duplicates=2, webhook_shuffle=True)
        stripe_simulator.sdk.v1.disputes.close(stripe_simulator.dispute(intent_id))
        settled()
        stripe_simulator.set_faults()
        stripe_simulator.redeliver_all()
        settled()
        assert [row["amount_cents"] for row in booked(intent_id)] == [-1900, 1900]
        found = database.execute("select status from orders where id = %s", [order["id"]]).fetchone()
        assert found == {"status": "paid"}


class TestPages:
    def test_all_pages_are_read_and_a_broken_walk_goes_on(
        self, stripe_simulator: Stripe, settled: Settled, is_complete: Callable[[], bool],
        database: psycopg.Connection[DictRow], monkeypatch: pytest.MonkeyPatch,
    ):  # fmt: skip
        monkeypatch.setattr("api.payments.gateway.PAGE_SIZE", PAGE_SIZE)
        settled()
        stripe_simulator.set_faults(webhook_pause=True)
        intent = stripe_simulator.sdk.v1.payment_intents.create(
            {"amount": 10_000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        )
        for _ in range(REFUNDS):
            stripe_simulator.sdk.v1.refunds.create({"payment_intent": intent.id, "amount": 1})
        # As a process leaves it that was killed after its first page.
        [newest, *_] = stripe_simulator.sdk.v1.balance_transactions.list({"limit": 1}).data
        database.execute(
            "update ledger_positions set walk_began_at = now(), walk_after = %s, claimed_until = null", [newest.id]
        )
        stripe_simulator.set_faults()
        settled()
        assert is_complete()

    def test_a_place_in_another_account_s_ledger_is_given_up(
        self, buy: Callable[[], dict[str, Any]], stripe_simulator: Stripe, settled: Settled,
        is_complete: Callable[[], bool], database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        settled()
        database.execute("update ledger_positions set walk_began_at = now(), walk_after = 'txn_of_another_account'")
        buy()
        settled()
        assert is_complete()


class TestFailure:
    def test_the_ledger_is_read_when_stripe_is_back(
        self, buy: Callable[[], dict[str, Any]], stripe_simulator: Stripe, settled: Settled,
        is_complete: Callable[[], bool], database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        buy()
        settled()
        stripe_simulator.set_faults(webhook_pause=True)
        stripe_simulator.sdk.v1.customers.create({"name": "Somebody, whose message wakes the worker"})
        stripe_simulator.set_faults(fail_next=MANY)
        failed = "select 1 from ledger_positions where failure_count > 0 and last_error like 'StripeUnavailable%'"
        wait_until(lambda: database.execute(failed).fetchone() is not None, "the ledger could not be read")
        stripe_simulator.set_faults()
        settled()
        assert is_complete()

    def test_what_was_answered_to_nobody_is_asked_again(
        self, buy: Callable[[], dict[str, Any]], stripe_simulator: Stripe, settled: Settled,
        is_complete: Callable[[], bool],
    ):  # fmt: skip
        stripe_simulator.set_faults(webhook_pause=True)
        buy()
        stripe_simulator.set_faults(drop_connection_next=2, webhook_duplicates=3, webhook_shuffle=True)
        settled()
        assert is_complete()
