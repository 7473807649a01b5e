"""A person leaves: the account is gone at once, and money stays without a name."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import PASSWORD, Account


def leave(client: httpx.Client, account: Account, password: str = PASSWORD) -> httpx.Response:
    """Erases who asks."""
    return client.request("DELETE", "/auth/me", json={"password": password}, headers=account.headers)


@pytest.fixture
def order(
    client: httpx.Client, buyer: Account, seller: Account, create_prompt: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """A free order of the buyer."""
    prompt = create_prompt(seller, price_cents=0)
    found: dict[str, Any] = client.post(
        "/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=buyer.headers
    ).json()
    return found


class TestEraseMe:
    def test_the_account_is_gone_at_once(self, client: httpx.Client, buyer: Account):
        assert leave(client, buyer).status_code == 202
        assert client.get("/auth/me", headers=buyer.headers).status_code == 401
        assert client.post("/auth/login", json={"email": buyer.email, "password": PASSWORD}).status_code == 401
        refreshed = client.post("/auth/refresh", json={"refresh_token": buyer.tokens["refresh_token"]})
        assert refreshed.status_code == 401

    def test_the_address_can_register_again(self, client: httpx.Client, buyer: Account):
        leave(client, buyer)
        body = {"email": buyer.email, "password": PASSWORD, "company_name": "Again", "role": "buyer"}
        assert client.post("/auth/register", json=body).status_code == 201

    def test_orders_stay_and_name_nobody(
        self, client: httpx.Client, buyer: Account, order: dict[str, Any], database: psycopg.Connection[DictRow]
    ):
        leave(client, buyer)
        [row] = database.execute(
            "select users.email, users.external_id, users.erased_at is not null as is_erased, orders.status"
            " from orders inner join users on orders.buyer_user_id = users.id where orders.id = %s",
            [order["id"]],
        )
        assert row == {"email": None, "external_id": None, "is_erased": True, "status": "paid"}

    def test_no_table_names_the_person_but_the_work_list(
        self, client: httpx.Client, buyer: Account, order: dict[str, Any], database: psycopg.Connection[DictRow]
    ):
        leave(client, buyer)
        tables = database.execute("select tablename as name from pg_tables where schemaname = 'public'").fetchall()
        found = {
            table["name"]
            for table in tables
            if database.execute(
                f"select 1 from {table['name']} as whole where strpos(whole::text, %s) + strpos(whole::text, %s) > 0",
                [buyer.user_id, buyer.email],
            ).fetchone()
        }
        # What is stored of events is erased by the next run of the pipeline (tests/integration/orchestration).
        assert found <= {"erasures", "raw_events"}

    def test_the_audit_log_keeps_what_was_done_and_not_by_whom(
        self, client: httpx.Client, buyer: Account, admin: Account, order: dict[str, Any]
    ):
        leave(client, buyer)
        [entry] = client.get(
            "/admin/audit-log", params={"action": "order.placed", "object_id": order["id"]}, headers=admin.headers
        ).json()["items"]
        assert (entry["actor"]["user_id"], entry["actor"]["email"], entry["origin"]) == (None, None, None)
        assert entry["actor"]["role"] == "buyer"

    def test_the_wrong_password_erases_nothing(self, client: httpx.Client, buyer: Account):
        assert leave(client, buyer, "another password of mine").status_code == 403
        assert client.get("/auth/me", headers=buyer.headers).status_code == 200

    def test_the_last_operator_stays(self, client: httpx.Client, admin: Account, database: psycopg.Connection[DictRow]):
        database.execute("update users set is_active = false where role = 'admin' and id <> %s", [admin.user_id])
        assert leave(client, admin).status_code == 409

    def test_an_order_is_never_left_without_a_user(
        self, client: httpx.Client, buyer: Account, order: dict[str, Any], database: psycopg.Connection[DictRow]
    ):
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            database.execute("delete from users where id = %s", [buyer.user_id])


class TestEraseUser:
    def test_an_operator_does_it_for_somebody_who_asked(self, client: httpx.Client, admin: Account, buyer: Account):
        body = {"reason": "Request 12"}
        answer = client.post(f"/admin/users/{buyer.user_id}/erase", json=body, headers=admin.headers)
        assert (answer.status_code, answer.json()["requested_by"]) == (202, "operator")
        assert client.get("/auth/me", headers=buyer.headers).status_code == 401
        open_ones = client.get("/admin/erasures", params={"is_open": True}, headers=admin.headers).json()["items"]
        assert answer.json()["id"] in [erasure["id"] for erasure in open_ones]

    def test_pages_of_erasures_follow_each_other(
        self, client: httpx.Client, admin: Account, register: Callable[[str], Account]
    ):
        erased = [leave(client, register("buyer")).json()["id"] for _ in range(2)]
        first = client.get("/admin/erasures", params={"limit": 1}, headers=admin.headers).json()
        second = client.get(
            "/admin/erasures", params={"limit": 1, "cursor": first["next_cursor"]}, headers=admin.headers
        ).json()
        assert [first["items"][0]["id"], second["items"][0]["id"]] == [erased[1], erased[0]]

    def test_twice_is_once(self, client: httpx.Client, admin: Account, buyer: Account):
        path, body = f"/admin/users/{buyer.user_id}/erase", {"reason": "Request 12"}
        client.post(path, json=body, headers=admin.headers)
        assert client.post(path, json=body, headers=admin.headers).status_code == 404
