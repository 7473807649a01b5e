"""The audit log: every action is in it, with its transaction, and stays."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import Account
from warehouse.databases import connect
from warehouse.settings import Settings
from warehouse.snapshot.restoration import note_restorations, record_restoration

ReadLog = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def read_log(client: httpx.Client, admin: Account) -> ReadLog:
    """Entries as an operator sees them: `read_log(action="order.paid")`."""

    def read_log(**wanted: Any) -> list[dict[str, Any]]:
        answer = client.get("/admin/audit-log", params=wanted, headers=admin.headers)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    return read_log


@pytest.fixture
def order(
    client: httpx.Client, buyer: Account, seller: Account, create_prompt: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """A paid order of the buyer over 19.00 USD."""
    prompt = create_prompt(seller)
    answer = client.post(
        "/marketplace/purchase",
        json={"prompt_id": prompt["id"]},
        headers={**buyer.headers, "X-Request-ID": "purchase-1", "User-Agent": "shop/1.0"},
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestRecord:
    def test_a_purchase_is_noted_with_who_and_from_where(
        self, read_log: ReadLog, buyer: Account, order: dict[str, Any]
    ):
        [entry] = read_log(action="order.placed", object_id=order["id"])
        assert entry["actor"] == {
            "user_id": buyer.user_id,
            "email": buyer.email,
            "role": "buyer",
            "organization_id": buyer.organization_id,
            "api_key_id": None,
        }
        assert entry["origin"] == {"address": "127.0.0.1", "user_agent": "shop/1.0", "request_id": "purchase-1"}
        assert entry["new_value"] == {"prompt_id": order["prompt_id"], "amount_cents": 1900, "currency": "USD"}

    def test_a_payment_is_noted_once_however_often_stripe_tells_of_it(self, read_log: ReadLog, order: dict[str, Any]):
        [entry] = read_log(action="order.paid", object_id=order["id"])
        assert (entry["old_value"]["status"], entry["new_value"]["status"]) == ("pending", "paid")

    def test_a_refund_is_noted_as_asked_for_and_as_settled(
        self, read_log: ReadLog, client: httpx.Client, buyer: Account, order: dict[str, Any]
    ):
        refund = client.post(
            f"/marketplace/orders/{order['id']}/refund", json={"amount_cents": 500}, headers=buyer.headers
        ).json()
        entries = read_log(object_type="refund", object_id=refund["id"])
        assert [entry["action"] for entry in entries] == ["refund.succeeded", "refund.requested"]
        assert entries[0]["new_value"]["amount_cents"] == 500

    def test_a_new_price_is_noted_with_the_old_one(
        self, read_log: ReadLog, client: httpx.Client, seller: Account, create_prompt: Callable[..., dict[str, Any]]
    ):
        prompt = create_prompt(seller)
        client.patch(f"/prompts/{prompt['id']}", json={"price_cents": 2500}, headers=seller.headers)
        [entry] = read_log(action="prompt.repriced", object_id=prompt["id"])
        assert entry["old_value"] == {"price_cents": 1900, "currency": "USD"}
        assert entry["new_value"] == {"price_cents": 2500, "currency": "USD"}

    def test_a_new_title_is_no_money_action(
        self, read_log: ReadLog, client: httpx.Client, seller: Account, create_prompt: Callable[..., dict[str, Any]]
    ):
        prompt = create_prompt(seller)
        client.patch(f"/prompts/{prompt['id']}", json={"title": "Another"}, headers=seller.headers)
        assert read_log(object_id=prompt["id"]) == []

    def test_what_is_rolled_back_is_not_noted(
        self, read_log: ReadLog, client: httpx.Client, buyer: Account, order: dict[str, Any]
    ):
        again = client.post("/marketplace/purchase", json={"prompt_id": order["prompt_id"]}, headers=buyer.headers)
        assert again.status_code == 409
        assert len(read_log(action="order.placed", actor_user_id=buyer.user_id)) == 1

    def test_a_registration_is_noted_without_the_password_or_address(
        self, database: psycopg.Connection[DictRow], buyer: Account
    ):
        entries = database.execute("select audit_log::text as entry from audit_log").fetchall()
        assert not [row for row in entries if buyer.email in row["entry"] or buyer.user_id in row["entry"]]


class TestAppendOnly:
    @pytest.mark.parametrize(
        "statement",
        [
            "update audit_log set action = 'order.failed'",
            "delete from audit_log",
            "truncate audit_log cascade",
            "update audit_origins set address = null",
            "delete from audit_origins",
            "truncate audit_origins",
        ],
    )
    def test_even_the_owner_cannot_change_it(
        self, database: psycopg.Connection[DictRow], buyer: Account, statement: str
    ):
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            database.execute(statement.encode())


class TestListAll:
    @pytest.mark.parametrize("role", ["buyer", "seller"])
    def test_only_operators_see_it(self, client: httpx.Client, register: Callable[[str], Account], role: str):
        assert client.get("/admin/audit-log", headers=register(role).headers).status_code == 403

    def test_nobody_sees_it_without_a_login(self, client: httpx.Client):
        assert client.get("/admin/audit-log").status_code == 401

    def test_pages_follow_each_other_without_gap_or_repetition(
        self, client: httpx.Client, admin: Account, order: dict[str, Any]
    ):
        whole = client.get("/admin/audit-log", params={"limit": 6}, headers=admin.headers).json()["items"]
        first = client.get("/admin/audit-log", params={"limit": 3}, headers=admin.headers).json()
        second = client.get(
            "/admin/audit-log", params={"limit": 3, "cursor": first["next_cursor"]}, headers=admin.headers
        ).json()
        assert first["items"] + second["items"] == whole

    def test_time_bounds_what_is_listed(self, read_log: ReadLog, order: dict[str, Any]):
        [entry] = read_log(action="order.placed", object_id=order["id"])
        assert read_log(object_id=order["id"], until=entry["occurred_at"]) == []
        assert entry in read_log(object_id=order["id"], since=entry["occurred_at"])

    def test_shows_what_has_a_name_and_no_uuid(
        self, read_log: ReadLog, api_settings: Settings, warehouse_url: str, order: dict[str, Any]
    ):
        with connect(warehouse_url) as warehouse:
            record_restoration(warehouse, "20260102T030405Z-9", replaced="20260102T030405Z-8", restored_by="ops")
        note_restorations(str(api_settings.database_url), warehouse_url)
        [entry] = read_log(object_id="20260102T030405Z-9")
        assert (entry["action"], entry["object_id"]) == ("publication.restored", "20260102T030405Z-9")
        assert entry in read_log()

    @pytest.mark.parametrize("wanted", [{"cursor": "nonsense"}, {"actor_user_id": "me"}, {"since": "2026-01-01"}])
    def test_what_cannot_be_meant_is_refused(self, client: httpx.Client, admin: Account, wanted: dict[str, str]):
        assert client.get("/admin/audit-log", params=wanted, headers=admin.headers).status_code == 422


class TestListOwn:
    def test_an_organization_sees_its_own_entries_alone(
        self, client: httpx.Client, buyer: Account, seller: Account, order: dict[str, Any]
    ):
        mine = client.get("/organizations/me/audit-log", headers=buyer.headers).json()["items"]
        assert {entry["action"] for entry in mine} == {"organization.registered", "order.placed", "order.paid"}
        theirs = client.get("/organizations/me/audit-log", headers=seller.headers).json()["items"]
        assert not [entry for entry in theirs if entry["organization_id"] == buyer.organization_id]

    def test_an_outsider_who_acted_on_it_is_not_named(
        self, client: httpx.Client, buyer: Account, seller: Account, order: dict[str, Any]
    ):
        client.post(f"/marketplace/orders/{order['id']}/refund", headers=seller.headers)
        entries = client.get(
            "/organizations/me/audit-log", params={"action": "refund.requested"}, headers=buyer.headers
        ).json()["items"]
        assert [(entry["actor"]["role"], entry["actor"]["user_id"], entry["origin"]) for entry in entries] == [
            ("seller", None, None)
        ]
