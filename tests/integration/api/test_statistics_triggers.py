"""Prompt statistics follow orders and refunds, however they are written."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from warehouse.databases import connect


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with connect(database_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def prompt(connection: psycopg.Connection[DictRow]) -> dict[str, Any]:
    row = connection.execute(
        """
        with seller as (insert into organizations (name) values ('seller') returning id),
        buyer as (
            insert into users (organization_id, email, role)
            select id, 'b@example.com', 'buyer' from seller
            returning id
        )
        insert into prompts (seller_organization_id, title, price_cents, currency)
        select id, 'title', 100, 'USD' from seller
        returning id as prompt_id, seller_organization_id, (select id from buyer) as buyer_id
        """
    ).fetchone()
    assert row is not None
    return row


def add_orders(connection: psycopg.Connection[DictRow], prompt: dict[str, Any], *, paid: int, pending: int) -> None:
    connection.execute(
        """
        insert into orders (prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id,
            amount_cents, currency, provider, status, paid_at)
        select %(prompt_id)s, 1, %(seller_organization_id)s, %(buyer_id)s, %(seller_organization_id)s, 100, 'USD',
            'free', case when i <= %(paid)s then 'paid' else 'pending' end,
            case when i <= %(paid)s then now() end
        from generate_series(1, %(paid)s + %(pending)s) as i
        """,
        prompt | {"paid": paid, "pending": pending},
    )


def statistics(connection: psycopg.Connection[DictRow], prompt: dict[str, Any]) -> tuple[int, int]:
    row = connection.execute(
        "select order_count, refund_count from prompt_statistics where prompt_id = %s", [prompt["prompt_id"]]
    ).fetchone()
    return (row["order_count"], row["refund_count"]) if row else (0, 0)


class TestStatistics:
    def test_only_paid_orders_count(self, connection, prompt):
        add_orders(connection, prompt, paid=3, pending=1)
        assert statistics(connection, prompt) == (3, 0)

    def test_an_order_counts_when_it_completes(self, connection, prompt):
        add_orders(connection, prompt, paid=0, pending=1)
        connection.execute("update orders set status = 'paid', paid_at = now()")
        assert statistics(connection, prompt) == (1, 0)

    def test_a_change_of_a_paid_order_counts_nothing(self, connection, prompt):
        add_orders(connection, prompt, paid=2, pending=0)
        connection.execute("update orders set fee_cents = 3")
        assert statistics(connection, prompt) == (2, 0)

    def test_a_refund_counts_once_when_it_succeeds(self, connection, prompt):
        add_orders(connection, prompt, paid=1, pending=0)
        connection.execute("insert into refunds (order_id, amount_cents, currency) select id, 100, 'USD' from orders")
        assert statistics(connection, prompt) == (1, 0)
        connection.execute("update refunds set status = 'succeeded', refunded_at = now()")
        connection.execute("update refunds set reason = 'duplicate'")
        assert statistics(connection, prompt) == (1, 1)

    def test_a_change_stamps_the_row(self, connection, prompt):
        connection.execute("update prompts set created_at = '2020-01-01', updated_at = '2020-01-01'")
        row = connection.execute("select updated_at > '2021-01-01' as is_stamped from prompts").fetchone()
        assert row == {"is_stamped": True}
