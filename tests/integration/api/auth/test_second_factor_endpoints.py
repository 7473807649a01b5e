"""Setting up, asking for and removing a second factor, from outside."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pyotp
import pytest
from fastapi import FastAPI

from tests.integration.api.conftest import PASSWORD, Account

SHORT_PASSWORD = "9 zebras!"
# The service judges codes by a clock that stands still, in the middle of a time step.
NOW = 1_790_000_025.0


@pytest.fixture(autouse=True)
def still_clock(client: httpx.Client, service: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.state.resources.vault, "clock", lambda: NOW)


@pytest.fixture
def enrol(client: httpx.Client) -> Callable[[Account], tuple[pyotp.TOTP, list[str]]]:
    """Sets up a second factor with the code of the time step before: the app, and the recovery codes."""

    def enrol(account: Account) -> tuple[pyotp.TOTP, list[str]]:
        started = client.post("/auth/totp", json={"password": PASSWORD}, headers=account.headers)
        assert started.status_code == 201, started.text
        app = pyotp.parse_uri(started.json()["otpauth_uri"])
        assert isinstance(app, pyotp.TOTP) and app.secret == started.json()["secret"]
        code = app.at(NOW - 30)
        confirmed = client.post("/auth/totp/confirm", json={"code": code}, headers=account.headers)
        assert confirmed.status_code == 200, confirmed.text
        return app, confirmed.json()["recovery_codes"]

    return enrol


@pytest.fixture
def log_in(client: httpx.Client) -> Callable[..., httpx.Response]:
    """Logs in, with a code if one is given."""

    def log_in(account: Account, *, password: str = PASSWORD, **code: Any) -> httpx.Response:
        return client.post("/auth/login", json={"email": account.email, "password": password, **code})

    return log_in


def type_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


class TestLogin:
    def test_needs_a_code_once_the_factor_is_confirmed(self, seller, enrol, log_in):
        app, _ = enrol(seller)
        without = log_in(seller)
        assert (without.status_code, type_of(without)) == (401, "second-factor-required")
        assert log_in(seller, totp_code=app.at(NOW)).status_code == 200

    def test_needs_none_before_it_is_confirmed(self, client, seller, log_in):
        client.post("/auth/totp", json={"password": PASSWORD}, headers=seller.headers)
        assert log_in(seller).status_code == 200

    def test_tells_of_the_factor_only_who_knows_the_password(self, seller, enrol, log_in):
        app, _ = enrol(seller)
        assert type_of(log_in(seller, password="a wrong long password")) == "credentials-wrong"
        assert type_of(log_in(seller, password="a wrong long password", totp_code=app.at(NOW))) == "credentials-wrong"

    def test_takes_a_code_once(self, seller, enrol, log_in):
        app, _ = enrol(seller)
        code = app.at(NOW)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: log_in(seller, totp_code=code), range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]

    def test_takes_no_code_from_before_the_last_one(self, seller, enrol, log_in):
        app, _ = enrol(seller)
        next_code, code = app.at(NOW + 30), app.at(NOW)
        assert log_in(seller, totp_code=next_code).status_code == 200
        assert type_of(log_in(seller, totp_code=code)) == "second-factor-wrong"

    def test_takes_the_code_of_the_next_step_and_of_no_later_one(self, seller, enrol, log_in):
        app, _ = enrol(seller)
        assert log_in(seller, totp_code=app.at(NOW + 90)).status_code == 401
        assert log_in(seller, totp_code=app.at(NOW + 30)).status_code == 200

    @pytest.mark.parametrize("written", [str, str.upper, lambda code: code.replace("-", " ")])
    def test_takes_a_recovery_code_however_it_is_written_and_once(self, seller, enrol, log_in, written):
        _, codes = enrol(seller)
        assert len(set(codes)) == 10
        assert log_in(seller, totp_code=written(codes[3])).status_code == 200
        assert log_in(seller, totp_code=written(codes[3])).status_code == 401
        assert log_in(seller, totp_code=codes[4]).status_code == 200

    def test_takes_no_recovery_code_of_somebody_else(self, seller, buyer, enrol, log_in):
        enrol(seller)
        _, codes = enrol(buyer)
        assert log_in(seller, totp_code=codes[0]).status_code == 401

    def test_takes_none_for_a_while_after_ten_wrong_ones(self, seller, enrol, log_in, database):
        app, _ = enrol(seller)
        wrong = [log_in(seller, totp_code="not it").status_code for _ in range(10)]
        assert wrong == [401] * 10
        assert log_in(seller, totp_code=app.at(NOW)).status_code == 401
        database.execute("update second_factors set blocked_until = now() where user_id = %s", [seller.user_id])
        assert log_in(seller, totp_code=app.at(NOW)).status_code == 200

    @pytest.mark.parametrize("code", ["", "x" * 101, "12\x0034", 123456])
    def test_what_is_no_code_is_no_failure_of_ours(self, seller, log_in, code):
        assert log_in(seller, totp_code=code).status_code in {200, 422}


class TestRecoveryCodes:
    @pytest.fixture
    def renew(self, client):
        """Asks for new recovery codes with a password and a code."""

        def renew(account, code, *, password=PASSWORD):
            body = {"password": password, "code": code}
            return client.post("/auth/totp/recovery-codes", json=body, headers=account.headers)

        return renew

    def test_new_ones_take_the_place_of_the_old(self, seller, enrol, log_in, renew):
        app, old = enrol(seller)
        new = renew(seller, app.at(NOW)).json()["recovery_codes"]
        assert len(set(new) - set(old)) == 10
        assert [log_in(seller, totp_code=code).status_code for code in (old[0], old[1], new[0])] == [401, 401, 200]

    def test_a_recovery_code_is_enough_and_used_up(self, seller, enrol, log_in, renew):
        _, old = enrol(seller)
        assert renew(seller, old[0]).status_code == 200
        assert log_in(seller, totp_code=old[0]).status_code == 401

    def test_need_password_and_code(self, seller, enrol, renew, log_in):
        app, old = enrol(seller)
        refused = [renew(seller, app.at(NOW), password="a wrong long password"), renew(seller, "000000")]
        assert [type_of(answer) for answer in refused] == ["password-wrong", "code-wrong"]
        assert log_in(seller, totp_code=old[0]).status_code == 200

    def test_there_are_none_without_a_second_factor(self, client, seller, renew):
        client.post("/auth/totp", json={"password": PASSWORD}, headers=seller.headers)
        assert type_of(renew(seller, "000000")) == "second-factor-not-set"

    def test_wrong_codes_are_counted(self, seller, enrol, log_in, renew):
        app, _ = enrol(seller)
        assert [renew(seller, "not it").status_code for _ in range(10)] == [403] * 10
        assert log_in(seller, totp_code=app.at(NOW)).status_code == 401

    def test_the_user_is_told(self, seller, enrol, renew, mailbox):
        app, _ = enrol(seller)
        renew(seller, app.at(NOW))
        assert mailbox.read(seller.email, subject="Your recovery codes were replaced")


class TestTotp:
    def test_is_begun_with_the_password_alone(self, client, seller):
        answer = client.post("/auth/totp", json={"password": "a wrong long password"}, headers=seller.headers)
        assert (answer.status_code, type_of(answer)) == (403, "password-wrong")

    def test_is_set_up_once(self, client, seller, enrol):
        app, _ = enrol(seller)
        again = client.post("/auth/totp", json={"password": PASSWORD}, headers=seller.headers)
        confirmed = client.post("/auth/totp/confirm", json={"code": app.at(NOW)}, headers=seller.headers)
        assert [type_of(answer) for answer in (again, confirmed)] == ["second-factor-already-set"] * 2

    def test_is_confirmed_with_a_right_code_alone(self, client, seller):
        client.post("/auth/totp", json={"password": PASSWORD}, headers=seller.headers)
        answer = client.post("/auth/totp/confirm", json={"code": "000000"}, headers=seller.headers)
        assert type_of(answer) == "code-wrong"

    def test_can_not_be_confirmed_before_it_is_begun(self, client, seller):
        answer = client.post("/auth/totp/confirm", json={"code": "000000"}, headers=seller.headers)
        assert type_of(answer) == "second-factor-not-set"

    def test_ends_other_sessions_and_keeps_this_one(self, client, seller, enrol, log_in):
        other = log_in(seller).json()["access_token"]
        enrol(seller)
        assert client.get("/auth/me", headers={"Authorization": f"Bearer {other}"}).status_code == 401
        assert client.get("/auth/me", headers=seller.headers).status_code == 200

    def test_the_database_has_neither_the_secret_nor_the_codes(self, seller, enrol, database):
        app, codes = enrol(seller)
        factors = database.execute("select * from second_factors where user_id = %s", [seller.user_id]).fetchall()
        stored = database.execute("select * from recovery_codes where user_id = %s", [seller.user_id]).fetchall()
        assert app.secret.encode() not in factors[0]["secret"] and app.byte_secret() not in factors[0]["secret"]
        assert len(stored) == 10
        assert not any(code.replace("-", "").encode() in row["code_hash"] for row in stored for code in codes)

    def test_is_removed_with_password_and_code(self, client, seller, enrol, log_in):
        app, _ = enrol(seller)
        wrong = [
            {"password": PASSWORD, "code": "000000"},
            {"password": "a wrong long password", "code": app.at(NOW)},
        ]
        answers = [client.request("DELETE", "/auth/totp", json=body, headers=seller.headers) for body in wrong]
        assert [type_of(answer) for answer in answers] == ["code-wrong", "password-wrong"]
        right = {"password": PASSWORD, "code": app.at(NOW)}
        assert client.request("DELETE", "/auth/totp", json=right, headers=seller.headers).status_code == 204
        assert log_in(seller).status_code == 200

    def test_the_user_is_told(self, client, seller, enrol, mailbox):
        _, codes = enrol(seller)
        body = {"password": PASSWORD, "code": codes[0]}
        client.request("DELETE", "/auth/totp", json=body, headers=seller.headers)
        assert mailbox.read(seller.email, subject="A second factor was added")
        assert mailbox.read(seller.email, subject="The second factor was removed")


class TestPassword:
    def test_eight_characters_do_with_a_second_factor_and_not_without(self, client, seller, enrol):
        body = {"current_password": PASSWORD, "new_password": SHORT_PASSWORD}
        without = client.post("/auth/password", json=body, headers=seller.headers)
        assert type_of(without) == "password-too-short"
        enrol(seller)
        assert client.post("/auth/password", json=body, headers=seller.headers).status_code == 204

    def test_the_factor_stays_while_the_password_is_short(self, client, seller, enrol):
        _, codes = enrol(seller)
        change = {"current_password": PASSWORD, "new_password": SHORT_PASSWORD}
        client.post("/auth/password", json=change, headers=seller.headers)
        body = {"password": SHORT_PASSWORD, "code": codes[0]}
        answer = client.request("DELETE", "/auth/totp", json=body, headers=seller.headers)
        assert type_of(answer) == "password-too-short-alone"
