"""What is owed to Stripe is done, however long Stripe is away."""

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


@pytest.fixture
def customers_of(stripe_simulator: Stripe) -> Callable[[str], list[dict[str, Any]]]:
    """The customers Stripe has for an organization."""

    def customers_of(organization_id: str) -> list[dict[str, Any]]:
        events = stripe_simulator.sdk.v1.events.list({"type": "customer.created", "limit": 100}).auto_paging_iter()
        made = [event.to_dict()["data"]["object"] for event in events]
        return [
            stripe_simulator.sdk.v1.customers.retrieve(customer["id"]).to_dict()
            for customer in made
            if customer["metadata"].get("organization_id") == organization_id
        ]

    return customers_of


@pytest.fixture
def task_of(database: psycopg.Connection[DictRow]) -> Callable[[str], dict[str, Any] | None]:
    """What is owed for an organization."""

    def task_of(organization_id: str) -> dict[str, Any] | None:
        return database.execute(
            "select * from outbox where payload ->> 'organization_id' = %s", [organization_id]
        ).fetchone()

    return task_of


class TestCustomer:
    def test_every_new_organization_becomes_one(
        self, register: Callable[[str], Account], customers_of: Callable[..., Any], task_of: Callable[..., Any],
        database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        account = register("seller")
        wait_until(lambda: task_of(account.organization_id) is None, "the customer was made")
        row = database.execute("select * from organizations where id = %s", [account.organization_id]).fetchone()
        [customer] = customers_of(account.organization_id)
        assert row is not None
        assert (customer["id"], customer["name"]) == (row["stripe_customer_id"], row["name"])

    def test_a_sign_up_is_not_lost_when_stripe_fails_and_the_customer_comes_when_it_is_back(
        self, register: Callable[[str], Account], customers_of: Callable[..., Any], task_of: Callable[..., Any],
        stripe_simulator: Stripe,
    ):  # fmt: skip
        stripe_simulator.set_faults(fail_next=MANY)
        account = register("buyer")
        wait_until(lambda: bool(task_of(account.organization_id)["last_error"]), "an attempt failed")
        assert "StripeUnavailable" in task_of(account.organization_id)["last_error"]
        stripe_simulator.set_faults()
        wait_until(lambda: task_of(account.organization_id) is None, "the customer was made")
        assert len(customers_of(account.organization_id)) == 1

    def test_there_is_one_when_stripes_answers_were_lost(
        self, register: Callable[[str], Account], customers_of: Callable[..., Any], task_of: Callable[..., Any],
        stripe_simulator: Stripe,
    ):  # fmt: skip
        stripe_simulator.set_faults(drop_connection_next=MANY)
        account = register("buyer")
        wait_until(lambda: bool(task_of(account.organization_id)["last_error"]), "an attempt failed")
        stripe_simulator.set_faults()
        wait_until(lambda: task_of(account.organization_id) is None, "the customer was made")
        assert len(customers_of(account.organization_id)) == 1

    def test_a_purchase_does_not_wait_for_the_outbox_and_makes_no_second_one(
        self, register: Callable[[str], Account], create_prompt: Callable[..., dict[str, Any]], client: httpx.Client,
        customers_of: Callable[..., Any], task_of: Callable[..., Any], stripe_simulator: Stripe,
        database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        prompt = create_prompt(register("seller"))
        stripe_simulator.set_faults(fail_next=MANY)
        buyer = register("buyer")
        wait_until(lambda: bool(task_of(buyer.organization_id)["last_error"]), "an attempt failed")
        database.execute("update outbox set next_attempt_at = now() + interval '1 hour'")
        stripe_simulator.set_faults()
        answer = client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=buyer.headers)
        assert answer.status_code == 201
        database.execute("update outbox set next_attempt_at = now()")
        register("buyer")
        wait_until(lambda: task_of(buyer.organization_id) is None, "the task was done")
        assert len(customers_of(buyer.organization_id)) == 1


class TestTask:
    def test_nothing_is_owed_for_a_sign_up_that_was_refused(
        self, register: Callable[[str], Account], client: httpx.Client, database: psycopg.Connection[DictRow],
        stripe_simulator: Stripe,
    ):  # fmt: skip
        account = register("buyer")
        wait_until(lambda: database.execute("select 1 from outbox").fetchone() is None, "all was done")
        stripe_simulator.set_faults(fail_next=MANY)
        body = {"email": account.email, "password": "a long enough password", "company_name": "B", "role": "buyer"}
        assert client.post("/auth/register", json=body).status_code == 409
        assert database.execute("select 1 from outbox").fetchone() is None
