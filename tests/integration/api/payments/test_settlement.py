"""What follows from Stripe's objects is the same in whatever order and however often they are applied."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow

from api.database import Database
from api.payments.settlement import PaymentUnknown, apply_payment_intent, apply_refund
from api.payments.stripe_object import PaymentIntent, StripeRefund, read_payment_intent, read_refund
from api.tenancy import PLATFORM
from warehouse.databases import connect
from warehouse.tenancy import Access

AMOUNT = 1900
CHARGED_AT = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp())

Seen = PaymentIntent | StripeRefund


def intent(order_id: UUID, status: str, *, has_fee: bool = True) -> PaymentIntent:
    """The order's payment as it was seen once."""
    charge = {
        "id": f"ch_{order_id}",
        "status": "succeeded",
        "created": CHARGED_AT,
        "balance_transaction": {"fee": 85, "currency": "usd"} if has_fee else None,
    }
    return read_payment_intent(
        {
            "id": f"pi_{order_id}",
            "status": status,
            "amount": AMOUNT,
            "amount_received": AMOUNT if status == "succeeded" else 0,
            "currency": "usd",
            "metadata": {"order_id": str(order_id)},
            "latest_charge": charge if status == "succeeded" else None,
        }
    )


def refund(order_id: UUID, name: str, amount: int, *, status: str) -> StripeRefund:
    """One of the order's refunds as it was seen once."""
    return read_refund(
        {
            "id": f"re_{name}_{order_id}",
            "status": status,
            "amount": amount,
            "currency": "usd",
            "payment_intent": f"pi_{order_id}",
            "created": CHARGED_AT + amount,
            "metadata": {},
        }
    )


def everything_seen(order_id: UUID) -> list[Seen]:
    """All states the objects of one order went through: paid, then two refunds, one of which the bank sent back."""
    return [
        intent(order_id, "requires_confirmation"),
        intent(order_id, "processing"),
        intent(order_id, "succeeded", has_fee=False),
        intent(order_id, "succeeded"),
        refund(order_id, "first", 400, status="pending"),
        refund(order_id, "first", 400, status="succeeded"),
        refund(order_id, "rest", 1500, status="pending"),
        refund(order_id, "rest", 1500, status="succeeded"),
        refund(order_id, "rest", 1500, status="failed"),
    ]


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def order_ids(connection: psycopg.Connection[DictRow]) -> Iterator[UUID]:
    """Ids of new pending orders of a prompt for 19.00 USD."""
    prompt_id, seller_id, buyer_id, user_id = uuid4(), uuid4(), uuid4(), uuid4()
    connection.execute("insert into organizations (id, name) values (%s, 'S'), (%s, 'B')", [seller_id, buyer_id])
    connection.execute(
        "insert into users (id, organization_id, email, role) values (%s, %s, %s, 'buyer')",
        [user_id, buyer_id, f"{user_id}@acme.example"],
    )
    connection.execute(
        "insert into prompts (id, seller_organization_id, title, price_cents, currency)"
        " values (%s, %s, 'T', %s, 'USD')",
        [prompt_id, seller_id, AMOUNT],
    )

    def make() -> Iterator[UUID]:
        while True:
            connection.execute("update orders set status = 'failed' where status = 'pending'")
            row = connection.execute(
                "insert into orders (prompt_id, prompt_version, buyer_organization_id, buyer_user_id,"
                " seller_organization_id, amount_cents, currency, provider)"
                " values (%s, 1, %s, %s, %s, %s, 'USD', 'stripe') returning id",
                [prompt_id, buyer_id, user_id, seller_id, AMOUNT],
            ).fetchone()
            assert row is not None
            yield row["id"]

    return make()


Apply = Callable[[Sequence[Seen]], None]


@pytest.fixture(scope="module")
def apply_all(access: Access) -> Iterator[Apply]:
    """Applies in this order; what comes too early comes again at the end, as a message that failed does."""
    database = Database(access.application_url, access.scope_key)

    async def is_applied(each: Seen) -> bool:
        try:
            async with database.writing(PLATFORM) as session:
                if isinstance(each, PaymentIntent):
                    return await apply_payment_intent(session, each) is not None
                return await apply_refund(session, each) is not None
        except PaymentUnknown:
            return False

    async def apply_until_done(waiting: Sequence[Seen]) -> None:
        while waiting:
            waiting = [each for each in waiting if not await is_applied(each)]

    with asyncio.Runner() as runner:
        yield lambda seen: runner.run(apply_until_done(seen))
        runner.run(database.close())


def state_of(connection: psycopg.Connection[DictRow], order_id: UUID) -> dict[str, Any]:
    """All rows that follow from the payment, without random ids."""
    queries = {
        "order": "select status, fee_cents, paid_at, failure_reason from orders where id = %s",
        "refunds": "select amount_cents, status, refunded_at from refunds where order_id = %s order by 1",
        "entitlements": "select granted_at, revoked_at, revocation_reason from entitlements where order_id = %s",
        "paid": "select occurred_at, properties from raw_events where event_id = 'order.paid:' || %s",
    }
    return {name: connection.execute(query, [order_id]).fetchall() for name, query in queries.items()}


class TestAnyOrder:
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_the_state_is_that_of_the_last_word(
        self, data: st.DataObject, order_ids: Iterator[UUID], apply_all: Apply, connection: psycopg.Connection[DictRow]
    ):
        order_id = next(order_ids)
        history = everything_seen(order_id)
        repeated = data.draw(st.lists(st.sampled_from(history), max_size=6))
        apply_all(data.draw(st.permutations(history + repeated)))
        paid_at = datetime.fromtimestamp(CHARGED_AT, UTC)
        state = state_of(connection, order_id)
        assert state["order"] == [
            {"status": "partially_refunded", "fee_cents": 85, "paid_at": paid_at, "failure_reason": None}
        ]
        assert [(row["amount_cents"], row["status"]) for row in state["refunds"]] == [
            (400, "succeeded"), (1500, "failed"),
        ]  # fmt: skip
        assert state["entitlements"] == [{"granted_at": paid_at, "revoked_at": None, "revocation_reason": None}]
        assert [row["occurred_at"] for row in state["paid"]] == [paid_at]

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_a_payment_given_up_fails_the_order(
        self, order_ids: Iterator[UUID], apply_all: Apply, connection: psycopg.Connection[DictRow], is_reversed: bool
    ):
        order_id = next(order_ids)
        history = [intent(order_id, "requires_payment_method"), intent(order_id, "canceled")]
        apply_all(history[::-1] if is_reversed else history)
        state = state_of(connection, order_id)
        assert state["order"][0]["status"] == "failed"
        assert state["entitlements"] == []

    def test_a_full_refund_revokes_at_the_time_of_the_last_part(
        self, order_ids: Iterator[UUID], apply_all: Apply, connection: psycopg.Connection[DictRow]
    ):
        order_id = next(order_ids)
        parts = [refund(order_id, "rest", 1500, status="succeeded"), refund(order_id, "first", 400, status="succeeded")]
        apply_all([*parts, intent(order_id, "succeeded")])
        state = state_of(connection, order_id)
        assert state["order"][0]["status"] == "refunded"
        assert state["entitlements"][0]["revoked_at"] == datetime.fromtimestamp(CHARGED_AT + 1500, UTC)

    def test_a_fee_in_another_currency_stays_unknown(self):
        found = {"id": "ch_1", "status": "succeeded", "created": CHARGED_AT}
        booked = {"balance_transaction": {"fee": 85, "currency": "eur"}}
        read = read_payment_intent(
            {"id": "pi_1", "status": "succeeded", "amount": 1, "currency": "usd", "latest_charge": found | booked}
        )
        assert read.charge is not None
        assert read.charge.fee_cents is None


class TestMarks:
    @pytest.mark.parametrize(
        ("role", "seller", "marks"),
        [("buyer", "other", (False, False)), ("admin", "other", (False, True)), ("buyer", "same", (True, False))],
    )
    def test_an_operator_and_a_seller_are_marked_as_in_the_journal(
        self,
        order_ids: Iterator[UUID],
        apply_all: Apply,
        connection: psycopg.Connection[DictRow],
        role: str,
        seller: str,
        marks: tuple[bool, bool],
    ):
        order_id = next(order_ids)
        connection.execute(
            "update users set role = %s where id = (select buyer_user_id from orders where id = %s)", [role, order_id]
        )
        connection.execute(
            "update orders set seller_organization_id = buyer_organization_id where id = %s and %s = 'same'",
            [order_id, seller],
        )
        apply_all([intent(order_id, "succeeded")])
        row = connection.execute(
            "select is_own, is_staff from raw_events where event_id = 'order.paid:' || %s", [order_id]
        ).fetchone()
        assert row == {"is_own": marks[0], "is_staff": marks[1]}
