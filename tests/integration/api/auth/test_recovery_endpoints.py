"""Verification of e-mails, forgotten and changed passwords, from outside."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import PASSWORD, Account
from tests.integration.api.mailbox import Mailbox
from tests.waiting import wait_until

VERIFY = "Verify your e-mail address"
RESET = "Set a new password"
OTHER_PASSWORD = "quite another long password"


@pytest.fixture
def log_in(client: httpx.Client) -> Callable[[Account, str], int]:
    """The status a log-in is answered with."""

    def log_in(account: Account, password: str) -> int:
        return client.post("/auth/login", json={"email": account.email, "password": password}).status_code

    return log_in


@pytest.fixture
def reset_token(client: httpx.Client, mailbox: Mailbox) -> Callable[[Account], str]:
    """Asks for a new password and reads the token out of the mail."""

    def reset_token(account: Account) -> str:
        assert client.post("/auth/password-reset", json={"email": account.email}).status_code == 202
        return mailbox.token(account.email, subject=RESET)

    return reset_token


class TestVerification:
    def test_the_link_in_the_mail_after_registering_verifies_the_email(
        self, client: httpx.Client, seller: Account, mailbox: Mailbox, database: psycopg.Connection[DictRow]
    ):
        token = mailbox.token(seller.email, subject=VERIFY)
        assert client.post("/auth/verification/confirm", json={"token": token}).status_code == 204
        row = database.execute("select email_verified_at from users where id = %s", [seller.user_id]).fetchone()
        assert row is not None and row["email_verified_at"] is not None

    def test_a_link_is_good_once(self, client: httpx.Client, seller: Account, mailbox: Mailbox):
        token = mailbox.token(seller.email, subject=VERIFY)
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(lambda _: client.post("/auth/verification/confirm", json={"token": token}), range(4))
        assert sorted(answer.status_code for answer in answers) == [204, 400, 400, 400]

    def test_a_link_for_another_purpose_does_not_do(
        self, client: httpx.Client, seller: Account, reset_token: Callable[[Account], str]
    ):
        answer = client.post("/auth/verification/confirm", json={"token": reset_token(seller)})
        assert answer.json()["type"].endswith(":link-invalid")

    def test_a_link_to_an_address_the_user_has_no_longer_does_not_do(
        self, client: httpx.Client, seller: Account, mailbox: Mailbox, database: psycopg.Connection[DictRow]
    ):
        token = mailbox.token(seller.email, subject=VERIFY)
        database.execute("update users set email = 'new-' || email where id = %s", [seller.user_id])
        assert client.post("/auth/verification/confirm", json={"token": token}).status_code == 400

    def test_it_is_sent_again_when_asked_for(
        self, client: httpx.Client, seller: Account, mailbox: Mailbox, database: psycopg.Connection[DictRow]
    ):
        mailbox.token(seller.email, subject=VERIFY)
        sent = "select 1 from account_links where user_id = %s and sent_at is not null"
        wait_until(lambda: database.execute(sent, [seller.user_id]).fetchone() is not None, "the mail was noted")
        database.execute(
            "update account_links set sent_at = now() - interval '2 minutes' where user_id = %s", [seller.user_id]
        )
        assert client.post("/auth/verification", headers=seller.headers).status_code == 202
        assert client.post(
            "/auth/verification/confirm", json={"token": mailbox.token(seller.email, subject=VERIFY, count=2)}
        ).is_success

    def test_it_is_not_sent_twice_within_a_minute(
        self, client: httpx.Client, seller: Account, mailbox: Mailbox, database: psycopg.Connection[DictRow]
    ):
        mailbox.token(seller.email, subject=VERIFY)
        client.post("/auth/verification", headers=seller.headers)
        owed = "select 1 from outbox where kind = 'mail.email_verification' and payload ->> 'user_id' = %s"
        wait_until(lambda: database.execute(owed, [seller.user_id]).fetchone() is None, "nothing was owed any more")
        assert len(mailbox.look(seller.email, subject=VERIFY)) == 1


class TestPasswordReset:
    def test_sets_a_new_password_and_ends_every_session(
        self, client: httpx.Client, seller: Account, reset_token: Callable[[Account], str],
        log_in: Callable[[Account, str], int],
    ):  # fmt: skip
        body = {"token": reset_token(seller), "password": OTHER_PASSWORD}
        assert client.post("/auth/password-reset/confirm", json=body).status_code == 204
        assert client.get("/auth/me", headers=seller.headers).status_code == 401
        assert (log_in(seller, PASSWORD), log_in(seller, OTHER_PASSWORD)) == (401, 200)

    def test_the_user_is_told(self, client: httpx.Client, seller: Account, reset_token, mailbox: Mailbox):
        client.post("/auth/password-reset/confirm", json={"token": reset_token(seller), "password": OTHER_PASSWORD})
        assert mailbox.read(seller.email, subject="Your password was changed")

    def test_says_the_same_of_an_email_nobody_has_and_mails_nobody(
        self, client: httpx.Client, seller, mailbox, database
    ):
        known = client.post("/auth/password-reset", json={"email": seller.email})
        unknown = client.post("/auth/password-reset", json={"email": "nobody@acme.example"})
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"null")
        owed = "select 1 from outbox where kind = 'mail.password_reset'"
        wait_until(lambda: database.execute(owed).fetchone() is None, "all was done")
        assert mailbox.look("nobody@acme.example") == []

    def test_a_link_is_good_once_and_takes_the_others_with_it(self, client: httpx.Client, seller, database, mailbox):
        first, second = _two_reset_tokens(client, seller, database, mailbox)
        assert client.post(
            "/auth/password-reset/confirm", json={"token": second, "password": OTHER_PASSWORD}
        ).is_success
        statuses = [
            client.post("/auth/password-reset/confirm", json={"token": token, "password": PASSWORD}).status_code
            for token in (first, second)
        ]
        assert statuses == [400, 400]

    def test_a_link_is_worth_nothing_once_the_password_was_changed(self, client: httpx.Client, seller, reset_token):
        token = reset_token(seller)
        change = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
        assert client.post("/auth/password", json=change, headers=seller.headers).status_code == 204
        answer = client.post("/auth/password-reset/confirm", json={"token": token, "password": "a third long password"})
        assert answer.status_code == 400

    def test_an_expired_link_does_not_do(self, client: httpx.Client, seller, reset_token, database):
        token = reset_token(seller)
        database.execute("update account_links set expires_at = now() where user_id = %s", [seller.user_id])
        body = {"token": token, "password": OTHER_PASSWORD}
        assert client.post("/auth/password-reset/confirm", json=body).status_code == 400

    def test_a_closed_account_stays_closed(self, client: httpx.Client, seller, reset_token, database, log_in):
        token = reset_token(seller)
        database.execute("update users set is_active = false where id = %s", [seller.user_id])
        body = {"token": token, "password": OTHER_PASSWORD}
        assert client.post("/auth/password-reset/confirm", json=body).status_code == 400

    def test_a_refused_password_leaves_the_link_as_it_was(self, client: httpx.Client, seller, reset_token):
        token = reset_token(seller)
        refused = client.post("/auth/password-reset/confirm", json={"token": token, "password": "too short"})
        common = client.post("/auth/password-reset/confirm", json={"token": token, "password": "passwordpassword"})
        assert (refused.json()["type"].rpartition(":")[2], common.json()["type"].rpartition(":")[2]) == (
            "password-too-short",
            "password-too-common",
        )
        body = {"token": token, "password": OTHER_PASSWORD}
        assert client.post("/auth/password-reset/confirm", json=body).status_code == 204

    @pytest.mark.parametrize("token", ["x", "a.b.c", "\u00ff", "x" * 1000])
    def test_what_is_no_token_does_not_do(self, client: httpx.Client, token: str):
        body = {"token": token, "password": OTHER_PASSWORD}
        assert client.post("/auth/password-reset/confirm", json=body).json()["type"].endswith(":link-invalid")

    def test_the_database_has_nothing_that_lets_anybody_in(self, seller, reset_token, database):
        token = reset_token(seller)
        rows = database.execute("select * from account_links").fetchall()
        owed = database.execute("select * from outbox").fetchall()
        assert token not in str(rows) and token not in str(owed)
        assert all(token.encode() != row["token_hash"] for row in rows)


class TestApiKeysOfWhoeverResets:
    """Programs go on with a new password of the person who set them up, unless that person wants them to stop."""

    @pytest.fixture
    def use_key(self, client: httpx.Client, seller: Account) -> Callable[[], int]:
        """Uses a key that the seller made; the status it is answered with."""
        key = client.post("/auth/api-keys", json={"name": "import"}, headers=seller.headers).json()["key"]
        return lambda: client.get("/auth/me", headers={"X-API-Key": key}).status_code

    def test_they_go_on(self, client, seller, reset_token, use_key):
        use_key()
        client.post("/auth/password-reset/confirm", json={"token": reset_token(seller), "password": OTHER_PASSWORD})
        assert use_key() == 200

    def test_the_user_is_told_so(self, client, seller, reset_token, mailbox):
        client.post("/auth/password-reset/confirm", json={"token": reset_token(seller), "password": OTHER_PASSWORD})
        [mail] = mailbox.read(seller.email, subject="Your password was changed")
        assert "API keys that you made go on" in " ".join(mail.split())

    def test_they_are_revoked_at_once_when_the_reset_says_so(
        self, client, seller, reset_token, use_key, mailbox, database
    ):
        use_key()
        body = {"token": reset_token(seller), "password": OTHER_PASSWORD, "revoke_api_keys": True}
        assert client.post("/auth/password-reset/confirm", json=body).status_code == 204
        assert use_key() == 401
        noted = database.execute(
            "select 1 from audit_log where action = 'api_key.revoked' and organization_id = %s",
            [seller.organization_id],
        ).fetchall()
        [mail] = mailbox.read(seller.email, subject="Your password was changed")
        assert len(noted) == 1 and "were revoked" in " ".join(mail.split())

    def test_a_change_can_revoke_them_too(self, client, seller, use_key):
        body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD, "revoke_api_keys": True}
        assert client.post("/auth/password", json=body, headers=seller.headers).status_code == 204
        assert use_key() == 401

    def test_those_of_others_go_on(self, client, seller, buyer, reset_token, use_key):
        body = {"token": reset_token(buyer), "password": OTHER_PASSWORD, "revoke_api_keys": True}
        client.post("/auth/password-reset/confirm", json=body)
        assert use_key() == 200


class TestPassword:
    def test_a_change_keeps_this_session_and_ends_the_others(self, client: httpx.Client, seller, log_in):
        other = client.post("/auth/login", json={"email": seller.email, "password": PASSWORD}).json()["access_token"]
        body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
        assert client.post("/auth/password", json=body, headers=seller.headers).status_code == 204
        assert client.get("/auth/me", headers=seller.headers).status_code == 200
        assert client.get("/auth/me", headers={"Authorization": f"Bearer {other}"}).status_code == 401
        assert (log_in(seller, PASSWORD), log_in(seller, OTHER_PASSWORD)) == (401, 200)

    def test_needs_the_password_so_far(self, client: httpx.Client, seller):
        body = {"current_password": OTHER_PASSWORD, "new_password": OTHER_PASSWORD}
        answer = client.post("/auth/password", json=body, headers=seller.headers)
        assert answer.json()["type"].endswith(":password-wrong")

    def test_names_the_field_of_a_password_that_is_tried_first(self, client: httpx.Client, seller):
        body = {"current_password": PASSWORD, "new_password": seller.email}
        answer = client.post("/auth/password", json=body, headers=seller.headers)
        assert [error["field"] for error in answer.json()["errors"]] == ["new_password"]


def _two_reset_tokens(client, account, database, mailbox):
    client.post("/auth/password-reset", json={"email": account.email})
    first = mailbox.token(account.email, subject=RESET)
    sent = "select 1 from account_links where user_id = %s and purpose = 'password_reset' and sent_at is not null"
    wait_until(lambda: database.execute(sent, [account.user_id]).fetchone() is not None, "the mail was noted")
    database.execute("update account_links set sent_at = now() - interval '2 minutes'")
    client.post("/auth/password-reset", json={"email": account.email})
    return first, mailbox.token(account.email, subject=RESET, count=2)
