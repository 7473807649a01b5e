"""Operators look after users and organizations."""

from collections.abc import Callable

import httpx
import pytest

from tests.integration.api.conftest import PASSWORD, Account


class TestUsers:
    def test_are_found_by_part_of_their_address(self, client: httpx.Client, admin: Account, seller: Account):
        found = client.get("/admin/users", params={"q": seller.email[:20].upper()}, headers=admin.headers).json()
        assert [(user["id"], user["role"]) for user in found["items"]] == [(seller.user_id, "seller")]

    def test_are_shown_without_their_password(self, client: httpx.Client, admin: Account, seller: Account):
        shown = client.get(f"/admin/users/{seller.user_id}", headers=admin.headers)
        assert shown.json()["email"] == seller.email
        assert "password" not in shown.text

    def test_pages_follow_each_other(self, client: httpx.Client, admin: Account, seller: Account, buyer: Account):
        whole = client.get("/admin/users", headers=admin.headers).json()["items"]
        first = client.get("/admin/users", params={"limit": 1}, headers=admin.headers).json()
        cursor = {"limit": 1, "cursor": first["next_cursor"]}
        second = client.get("/admin/users", params=cursor, headers=admin.headers).json()
        assert first["items"] + second["items"] == whole[:2]

    def test_an_unknown_one_is_not_there(self, client: httpx.Client, admin: Account, seller: Account):
        assert client.get(f"/admin/users/{seller.organization_id}", headers=admin.headers).status_code == 404

    @pytest.mark.parametrize("role", ["buyer", "seller"])
    def test_are_for_operators_alone(self, client: httpx.Client, register: Callable[[str], Account], role: str):
        assert client.get("/admin/users", headers=register(role).headers).status_code == 403


class TestSetActive:
    def test_a_closed_account_cannot_log_in_until_it_is_open_again(
        self, client: httpx.Client, admin: Account, buyer: Account
    ):
        path, login = f"/admin/users/{buyer.user_id}", {"email": buyer.email, "password": PASSWORD}
        closed = client.post(f"{path}/deactivate", json={"reason": "Left."}, headers=admin.headers)
        assert closed.json()["is_active"] is False
        assert client.post("/auth/login", json=login).status_code == 401
        client.post(f"{path}/reactivate", json={"reason": "Came back."}, headers=admin.headers)
        assert client.post("/auth/login", json=login).status_code == 200

    def test_is_noted_with_the_reason(self, client: httpx.Client, admin: Account, buyer: Account):
        client.post(f"/admin/users/{buyer.user_id}/deactivate", json={"reason": "Left."}, headers=admin.headers)
        [entry] = client.get(
            "/admin/audit-log", params={"object_id": buyer.user_id, "object_type": "user"}, headers=admin.headers
        ).json()["items"]
        assert (entry["action"], entry["object_id"]) == ("user.deactivated", buyer.user_id)
        assert entry["new_value"] == {"is_active": False, "reason": "Left."}

    def test_nobody_closes_its_own_account_here(self, client: httpx.Client, admin: Account):
        answer = client.post(f"/admin/users/{admin.user_id}/deactivate", json={"reason": "x"}, headers=admin.headers)
        assert answer.status_code == 409


class TestChangeRole:
    def test_the_user_may_do_other_things_from_the_next_token_on(
        self, client: httpx.Client, admin: Account, buyer: Account
    ):
        body = {"role": "seller", "reason": "Sells now."}
        changed = client.post(f"/admin/users/{buyer.user_id}/role", json=body, headers=admin.headers)
        assert changed.json()["role"] == "seller"
        login = client.post("/auth/login", json={"email": buyer.email, "password": PASSWORD}).json()
        me = client.get("/auth/me", headers={"Authorization": f"Bearer {login['access_token']}"}).json()
        assert me["role"] == "seller"


class TestOrganizations:
    def test_are_listed_with_what_they_have(self, client: httpx.Client, admin: Account, seller: Account):
        shown = client.get(f"/admin/organizations/{seller.organization_id}", headers=admin.headers).json()
        assert (shown["user_count"], shown["prompt_count"], shown["open_decision_count"]) == (1, 0, 0)
        listed = client.get("/admin/organizations", params={"q": shown["name"]}, headers=admin.headers).json()
        assert listed["items"] == [shown]
