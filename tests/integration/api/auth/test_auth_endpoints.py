"""`/api/v1/auth` from outside."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from api.auth.token import key_id

PASSWORD = "a long enough password"


def registration(**changes):
    return {
        "email": f"{uuid4().hex}@acme.example",
        "password": PASSWORD,
        "company_name": "Acme",
        "role": "seller",
        **changes,
    }


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class TestRegister:
    def test_answers_with_the_user_and_tokens_that_work(self, client):
        body = registration(email=f"Ana.{uuid4().hex}@ACME.example")
        answer = client.post("/auth/register", json=body)
        assert answer.status_code == 201
        assert answer.json()["user"]["email"] == body["email"].lower()
        assert answer.json()["user"]["company_name"] == "Acme"
        assert client.get("/auth/me", headers=bearer(answer.json()["access_token"])).json() == answer.json()["user"]

    def test_stores_neither_password_nor_anything_bcrypt_makes_of_it_alone(self, client, database):
        body = registration()
        client.post("/auth/register", json=body)
        row = database.execute("select password_hash from users where email = %s", [body["email"]]).fetchone()
        assert row["password_hash"].startswith("$2b$04$")

    @pytest.mark.parametrize("again", [str.lower, str.upper])
    def test_takes_an_email_once(self, client, again):
        body = registration()
        client.post("/auth/register", json=body)
        answer = client.post("/auth/register", json={**body, "email": again(body["email"])})
        assert answer.status_code == 409
        assert answer.json()["type"].endswith(":email-already-registered")

    def test_leaves_no_company_behind_when_the_email_is_taken(self, client, database):
        body = registration()
        client.post("/auth/register", json=body)
        client.post("/auth/register", json={**body, "company_name": "Left Behind Ltd"})
        assert database.execute("select 1 from organizations where name = 'Left Behind Ltd'").fetchone() is None

    def test_nobody_registers_as_admin(self, client):
        assert client.post("/auth/register", json=registration(role="admin")).status_code == 422

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "nobody"),
            ("email", "a@b@c.example"),
            ("email", f"{'x' * 300}@acme.example"),
            ("email", "a\x00@acme.example"),
            ("password", "x" * 14),
            ("password", "x" * 1025),
            ("password", "passwordpassword"),
            ("password", "with a \x00 inside it"),
            ("password", 123456789012345678),
            ("company_name", "  "),
            ("company_name", "A\x00cme"),
            ("role", "owner"),
        ],
    )
    def test_names_the_field_that_is_wrong_and_never_its_value(self, client, field, value):
        answer = client.post("/auth/register", json=registration(**{field: value}))
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert str(value).strip() == "" or str(value) not in answer.text

    @pytest.mark.parametrize("password", ["x" * 15, "x" * 1024, "spaces and ünïcode 名前"])
    def test_takes_any_characters_from_fifteen_on(self, client, password):
        body = registration(password=password)
        assert client.post("/auth/register", json=body).status_code == 201
        login = {"email": body["email"], "password": password}
        assert client.post("/auth/login", json=login).status_code == 200

    def test_refuses_a_misspelt_field(self, client):
        answer = client.post("/auth/register", json=registration(compani_name="Acme"))
        assert [error["field"] for error in answer.json()["errors"]] == ["compani_name"]


class TestLogin:
    def test_answers_with_tokens_that_work(self, client, seller):
        answer = client.post("/auth/login", json={"email": seller.email.upper(), "password": PASSWORD})
        assert answer.status_code == 200
        assert answer.json()["token_type"] == "bearer"
        assert answer.json()["expires_in"] == 1800
        assert client.get("/auth/me", headers=bearer(answer.json()["access_token"])).json()["email"] == seller.email

    @pytest.mark.parametrize(
        ("password", "near_miss"),
        [
            # 256 bytes, of which a plain bcrypt reads 72.
            ("\N{KEY}\N{FOX FACE}" * 32, "\N{KEY}\N{FOX FACE}" * 31 + "\N{KEY}\N{LOCK}"),
            ("\N{KEY}" * 64, "\N{KEY}" * 63),
            ("correct horse " * 6 + "battery", "correct horse " * 6 + "staples"),
        ],
    )
    def test_all_of_a_long_password_counts(self, client, password, near_miss):
        body = registration(password=password)
        registered = client.post("/auth/register", json=body)
        answers = [
            client.post("/auth/login", json={"email": body["email"], "password": tried})
            for tried in (password, near_miss)
        ]
        assert [registered.status_code, *(answer.status_code for answer in answers)] == [201, 200, 401]

    def test_says_the_same_of_an_unknown_email_as_of_a_wrong_password(self, client, seller):
        wrong = client.post("/auth/login", json={"email": seller.email, "password": "a wrong long password"})
        unknown = client.post("/auth/login", json={"email": "nobody@acme.example", "password": PASSWORD})
        no_email = client.post("/auth/login", json={"email": "nobody", "password": PASSWORD})
        said = [{**answer.json(), "request_id": None} for answer in (wrong, unknown, no_email)]
        assert wrong.status_code == 401
        assert said[0] == said[1] == said[2]

    def test_lets_nobody_into_a_closed_account(self, client, seller, database):
        database.execute("update users set is_active = false where id = %s", [seller.user_id])
        answer = client.post("/auth/login", json={"email": seller.email, "password": PASSWORD})
        assert answer.json()["type"].endswith(":credentials-wrong")

    def test_lets_nobody_in_as_an_imported_user(self, client, seller, database):
        database.execute("update users set password_hash = null where id = %s", [seller.user_id])
        assert client.post("/auth/login", json={"email": seller.email, "password": PASSWORD}).status_code == 401


class TestMe:
    def test_tells_the_signed_in_user(self, client, seller):
        found = client.get("/auth/me", headers=seller.headers).json()
        assert (found["id"], found["organization_id"], found["role"]) == (
            seller.user_id,
            seller.organization_id,
            "seller",
        )
        assert "password_hash" not in found

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            bearer("nonsense"),
            {"Authorization": "Bearer"},
            {"Authorization": "Basic YTpi"},
            {"Authorization": "nonsense"},
            {"Authorization": b"Bearer \xff\xfe"},
        ],
    )
    def test_needs_a_good_token(self, client, headers):
        answer = client.get("/auth/me", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_refuses_a_refresh_token(self, client, seller):
        assert client.get("/auth/me", headers=bearer(seller.tokens["refresh_token"])).status_code == 401

    def test_refuses_an_expired_token(self, client, seller, api_settings):
        claims = jwt.decode(seller.tokens["access_token"], options={"verify_signature": False})
        claims["exp"] = datetime.now(UTC) - timedelta(seconds=1)
        secret = api_settings.jwt_secret.get_secret_value()
        token = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": key_id(secret)})
        answer = client.get("/auth/me", headers=bearer(token))
        assert answer.json()["type"].endswith(":token-expired")

    def test_refuses_a_token_that_never_expires(self, client, seller, api_settings):
        claims = jwt.decode(seller.tokens["access_token"], options={"verify_signature": False})
        del claims["exp"]
        secret = api_settings.jwt_secret.get_secret_value()
        token = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": key_id(secret)})
        assert client.get("/auth/me", headers=bearer(token)).status_code == 401

    def test_takes_a_user_that_was_deleted_for_nobody(self, client, seller, database):
        database.execute("delete from users where id = %s", [seller.user_id])
        assert client.get("/auth/me", headers=seller.headers).status_code == 401
