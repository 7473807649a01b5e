"""What a log-in does after the cost of hashing was changed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.auth.password import PasswordHasher
from tests.integration.api.conftest import PASSWORD

RESET = "Set a new password"
OTHER_PASSWORD = "quite another long password"


@pytest.fixture
def stored(database):
    """The hash that is stored of somebody's password."""

    def stored(account):
        return database.execute("select password_hash from users where id = %s", [account.user_id]).fetchone()[
            "password_hash"
        ]

    return stored


@pytest.fixture
def hashed_before(api_settings, database, seller):
    """A seller whose password was hashed when the cost was another."""
    pepper = api_settings.password_pepper.get_secret_value()
    old = asyncio.run(PasswordHasher(pepper, bcrypt_cost=6).hash(PASSWORD))
    database.execute("update users set password_hash = %s where id = %s", [old, seller.user_id])
    return seller


@pytest.fixture
def log_in(client):
    def log_in(account, password=PASSWORD):
        return client.post("/auth/login", json={"email": account.email, "password": password}).status_code

    return log_in


class TestLogin:
    def test_stores_a_hash_of_the_cost_of_today(self, hashed_before, log_in, stored):
        assert log_in(hashed_before) == 200
        assert stored(hashed_before).startswith("$2b$04$")
        assert (log_in(hashed_before), log_in(hashed_before, "a wrong long password")) == (200, 401)

    def test_leaves_the_hash_when_the_password_was_wrong(self, hashed_before, log_in, stored):
        assert log_in(hashed_before, "a wrong long password") == 401
        assert stored(hashed_before).startswith("$2b$06$")

    def test_lets_everybody_in_who_comes_at_the_same_time(self, hashed_before, log_in):
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(log_in, [hashed_before] * 8)) == [200] * 8

    def test_ends_no_session(self, hashed_before, log_in, client):
        log_in(hashed_before)
        assert client.get("/auth/me", headers=hashed_before.headers).status_code == 200

    def test_leaves_links_to_a_new_password_good(self, hashed_before, log_in, client, mailbox, stored):
        client.post("/auth/password-reset", json={"email": hashed_before.email})
        body = {"token": mailbox.token(hashed_before.email, subject=RESET), "password": OTHER_PASSWORD}
        log_in(hashed_before)
        assert stored(hashed_before).startswith("$2b$04$")
        assert client.post("/auth/password-reset/confirm", json=body).status_code == 204
        assert log_in(hashed_before, OTHER_PASSWORD) == 200
