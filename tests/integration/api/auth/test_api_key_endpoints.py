"""API keys from outside."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

ALL_SCOPES = [
    "prompts:read",
    "prompts:write",
    "prompts:render",
    "orders:read",
    "orders:write",
    "analytics:read",
    "events:write",
]


def problem(answer):
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def bearer(key):
    return {"Authorization": f"Bearer {key['key']}"}


@pytest.fixture
def make_key(client):
    """Makes a key of an account: `make_key(seller, scopes=["prompts:read"])`."""

    def make_key(account, **fields):
        answer = client.post("/auth/api-keys", json={"name": "import", **fields}, headers=account.headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make_key


@pytest.fixture
def key(make_key, seller):
    """A key of the seller with every scope."""
    return make_key(seller, scopes=ALL_SCOPES)


class TestCreate:
    def test_shows_the_key_once_and_keeps_a_hash_alone(self, client, seller, key, database):
        assert re.fullmatch(r"pmk_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", key["key"])
        listed = client.get("/auth/api-keys", headers=seller.headers).text
        row = database.execute("select * from api_keys where id = %s", [key["id"]]).fetchone()
        assert key["key"].rpartition("_")[2][:43] not in listed + str(row)
        assert len(row["secret_hash"]) == 32

    def test_reads_only_and_for_ninety_days_unless_asked_for_more(self, make_key, seller):
        made = make_key(seller)
        assert made["scopes"] == ["analytics:read", "orders:read", "prompts:read"]
        lifetime = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
        assert timedelta(days=89) < lifetime <= timedelta(days=90)

    def test_gives_no_more_than_its_maker_has(self, client, buyer):
        body = {"name": "import", "scopes": ["prompts:read", "prompts:write"]}
        answer = client.post("/auth/api-keys", json=body, headers=buyer.headers)
        assert problem(answer) == (403, "scope-not-grantable")
        assert "prompts:write" in answer.json()["detail"]

    def test_is_not_for_operators(self, client, admin):
        answer = client.post("/auth/api-keys", json={"name": "import"}, headers=admin.headers)
        assert problem(answer) == (403, "role-not-allowed")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": " "},
            {"scopes": []},
            {"scopes": ["admin"]},
            {"expires_in_days": 0},
            {"expires_in_days": 367},
            {"expires_in_days": "10"},
        ],
    )
    def test_refuses_what_can_not_be(self, client, seller, wrong):
        answer = client.post("/auth/api-keys", json={"name": "import", **wrong}, headers=seller.headers)
        assert answer.status_code == 422


class TestList:
    def test_is_the_same_for_everybody_of_the_organization_and_empty_for_others(self, client, seller, buyer, key):
        [listed] = client.get("/auth/api-keys", headers=seller.headers).json()["items"]
        assert listed == {name: value for name, value in key.items() if name != "key"}
        assert listed["created_by"] == seller.email
        assert client.get("/auth/api-keys", headers=buyer.headers).json()["items"] == []


class TestRevoke:
    def test_refuses_the_key_at_once(self, client, seller, key):
        assert client.get("/auth/me", headers=bearer(key)).status_code == 200
        assert client.delete(f"/auth/api-keys/{key['id']}", headers=seller.headers).status_code == 204
        assert problem(client.get("/auth/me", headers=bearer(key))) == (401, "api-key-invalid")
        assert client.get("/auth/api-keys", headers=seller.headers).json()["items"] == []

    def test_knows_no_key_of_another_organization(self, client, buyer, key):
        assert problem(client.delete(f"/auth/api-keys/{key['id']}", headers=buyer.headers)) == (
            404,
            "api-key-not-found",
        )
        assert client.get("/auth/me", headers=bearer(key)).status_code == 200

    def test_tells_of_a_key_once(self, client, seller, key):
        client.delete(f"/auth/api-keys/{key['id']}", headers=seller.headers)
        assert client.delete(f"/auth/api-keys/{key['id']}", headers=seller.headers).status_code == 404

    def test_keeps_who_revoked_it(self, client, seller, key, database):
        client.delete(f"/auth/api-keys/{key['id']}", headers=seller.headers)
        row = database.execute("select revoked_by_user_id from api_keys where id = %s", [key["id"]]).fetchone()
        assert str(row["revoked_by_user_id"]) == seller.user_id


class TestUse:
    def test_either_header_will_do(self, client, seller, key):
        answers = [client.get("/auth/me", headers=headers) for headers in (bearer(key), {"X-API-Key": key["key"]})]
        assert [answer.json()["id"] for answer in answers] == [seller.user_id] * 2

    def test_both_at_once_are_refused(self, client, seller, key):
        headers = {**seller.headers, "X-API-Key": key["key"]}
        assert problem(client.get("/auth/me", headers=headers)) == (401, "token-invalid")

    def test_works_for_the_makers_organization_in_the_makers_name(self, client, seller, key, prompt_body, database):
        prompt = client.post("/prompts", json=prompt_body, headers=bearer(key)).json()
        row = database.execute("select * from prompts where id = %s", [prompt["id"]]).fetchone()
        assert str(row["seller_organization_id"]) == seller.organization_id
        assert str(row["created_by_user_id"]) == seller.user_id

    def test_is_named_in_the_audit_log_beside_its_maker(self, client, seller, key, create_prompt):
        prompt = create_prompt(seller)
        client.patch(f"/prompts/{prompt['id']}", json={"price_cents": 100}, headers=bearer(key))
        entries = client.get("/organizations/me/audit-log", headers=seller.headers).json()["items"]
        by_action = {entry["action"]: entry["actor"] for entry in entries}
        assert (by_action["api_key.created"]["user_id"], by_action["api_key.created"]["api_key_id"]) == (
            seller.user_id,
            None,
        )
        repriced = by_action["prompt.repriced"]
        assert (repriced["user_id"], repriced["api_key_id"]) == (seller.user_id, key["id"])

    def test_does_what_its_scopes_name_and_nothing_else(self, client, seller, make_key, prompt_body):
        reading = bearer(make_key(seller, scopes=["prompts:read"]))
        assert client.get("/prompts", headers=reading).status_code == 200
        refused = [
            client.post("/prompts", json=prompt_body, headers=reading),
            client.get("/marketplace/orders", headers=reading),
            client.post("/marketplace/purchase", json={"prompt_id": str(uuid4())}, headers=reading),
            client.get("/analytics/dashboard", headers=reading),
            client.post("/analytics/events", json=[], headers=reading),
        ]
        assert {problem(answer) for answer in refused} == {(403, "scope-missing")}

    def test_sees_a_draft_only_with_the_scope_to_read_prompts(self, client, seller, make_key, create_prompt):
        draft = create_prompt(seller, publish=False)["id"]
        reading, other = make_key(seller, scopes=["prompts:read"]), make_key(seller, scopes=["events:write"])
        assert client.get(f"/prompts/{draft}", headers=bearer(reading)).status_code == 200
        assert client.get(f"/prompts/{draft}", headers=bearer(other)).status_code == 404

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/auth/api-keys"),
            ("GET", "/auth/api-keys"),
            ("DELETE", "/auth/api-keys/00000000-0000-7000-8000-000000000000"),
            ("GET", "/auth/sessions"),
            ("DELETE", "/auth/sessions"),
            ("GET", "/admin/audit-log"),
        ],
    )
    def test_manages_neither_keys_nor_sessions_nor_anything_of_operators(self, client, key, method, path):
        answer = client.request(method, path, headers=bearer(key), json={"name": "x"} if method == "POST" else None)
        assert problem(answer) == (403, "api-key-not-allowed")

    def test_has_no_log_in_to_end_or_refresh(self, client, key):
        assert client.post("/auth/logout", headers=bearer(key)).status_code == 401
        assert client.post("/auth/refresh", json={"refresh_token": key["key"]}).status_code == 401

    @pytest.mark.parametrize("text", ["pmk_", "pmk_" + "A" * 62, "not a key"])
    def test_refuses_what_never_was_one(self, client, text):
        assert client.get("/auth/me", headers={"X-API-Key": text}).status_code == 401

    def test_refuses_the_right_prefix_with_another_secret(self, client, seller, make_key, key):
        from api.auth.api_key.secret import KeySecret, parse_key

        client.get("/auth/me", headers=bearer(key))
        stolen = KeySecret(prefix=key["prefix"], secret=parse_key(make_key(seller)["key"]).secret)
        assert problem(client.get("/auth/me", headers={"X-API-Key": str(stolen)})) == (401, "api-key-invalid")

    def test_refuses_an_expired_key(self, client, key, database):
        database.execute("update api_keys set expires_at = now() where id = %s", [key["id"]])
        assert problem(client.get("/auth/me", headers=bearer(key))) == (401, "api-key-invalid")

    @pytest.mark.parametrize("change", ["is_active = false", "role = 'admin'"])
    def test_ends_with_its_makers_account(self, client, seller, key, database, change):
        database.execute(f"update users set {change} where id = %s", [seller.user_id])
        assert problem(client.get("/auth/me", headers=bearer(key))) == (401, "api-key-invalid")

    def test_loses_what_its_maker_may_not_do_any_more(self, client, seller, key, prompt_body, database):
        database.execute("update users set role = 'buyer' where id = %s", [seller.user_id])
        assert client.post("/prompts", json=prompt_body, headers=bearer(key)).status_code == 403
        assert client.get("/prompts", headers=bearer(key)).status_code == 200
