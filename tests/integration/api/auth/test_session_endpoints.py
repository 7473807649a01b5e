"""Sessions from outside: refresh, log-out, looking at them and ending them."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import jwt
import pytest

PASSWORD = "a long enough password"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def refresh(client, token):
    return client.post("/auth/refresh", json={"refresh_token": token})


def problem(answer):
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.fixture
def log_in(client):
    """Logs a user in once more and answers with the headers of the new session."""

    def log_in(account):
        answer = client.post("/auth/login", json={"email": account.email, "password": PASSWORD})
        return bearer(answer.json()["access_token"])

    return log_in


class TestRefresh:
    def test_gives_new_tokens_of_the_same_log_in(self, client, seller):
        answer = refresh(client, seller.tokens["refresh_token"])
        assert answer.status_code == 200
        assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
        tokens = [answer.json()["access_token"], seller.tokens["access_token"]]
        sessions = {jwt.decode(each, options={"verify_signature": False})["sid"] for each in tokens}
        assert len(sessions) == 1
        assert client.get("/auth/me", headers=bearer(answer.json()["access_token"])).status_code == 200

    def test_goes_on_with_each_new_token(self, client, seller):
        second = refresh(client, seller.tokens["refresh_token"]).json()["refresh_token"]
        third = refresh(client, second).json()["refresh_token"]
        assert refresh(client, third).status_code == 200

    def test_ends_everything_of_the_session_when_a_token_comes_again(self, client, seller):
        renewed = refresh(client, seller.tokens["refresh_token"]).json()
        assert problem(refresh(client, seller.tokens["refresh_token"])) == (401, "refresh-token-reused")
        assert problem(refresh(client, renewed["refresh_token"])) == (401, "login-ended")
        assert problem(client.get("/auth/me", headers=bearer(renewed["access_token"]))) == (401, "login-ended")

    def test_of_fifty_at_once_one_succeeds_and_the_session_ends(self, api_url, client, seller, database):
        token = seller.tokens["refresh_token"]
        with ThreadPoolExecutor(50) as pool, httpx.Client(base_url=f"{api_url}/api/v1", timeout=30) as shared:
            answers = list(pool.map(lambda _: refresh(shared, token), range(50)))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 49
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        assert problem(refresh(client, won["refresh_token"])) == (401, "login-ended")
        assert client.get("/auth/me", headers=bearer(won["access_token"])).status_code == 401
        row = database.execute("select end_reason from sessions where user_id = %s", [seller.user_id]).fetchone()
        assert row["end_reason"] == "refresh_token_reused"

    def test_is_answered_the_same_when_it_comes_again_under_its_idempotency_key(self, client, seller):
        body = {"refresh_token": seller.tokens["refresh_token"]}
        headers = {"Idempotency-Key": uuid4().hex}
        first, again = [client.post("/auth/refresh", json=body, headers=headers) for _ in range(2)]
        assert (first.status_code, again.json()) == (200, first.json())
        assert refresh(client, first.json()["refresh_token"]).status_code == 200

    def test_leaves_the_users_other_sessions_when_a_token_comes_again(self, client, seller, log_in):
        other = log_in(seller)
        refresh(client, seller.tokens["refresh_token"])
        refresh(client, seller.tokens["refresh_token"])
        assert client.get("/auth/me", headers=other).status_code == 200

    def test_tells_of_a_changed_role(self, client, buyer, database):
        database.execute("update users set role = 'seller' where id = %s", [buyer.user_id])
        tokens = refresh(client, buyer.tokens["refresh_token"]).json()
        assert jwt.decode(tokens["access_token"], options={"verify_signature": False})["role"] == "seller"

    @pytest.mark.parametrize("token", ["", "x.y.z", "\u00ff"])
    def test_refuses_what_is_no_token(self, client, token):
        assert refresh(client, token).status_code == 401

    def test_refuses_an_access_token(self, client, seller):
        answer = refresh(client, seller.tokens["access_token"])
        assert answer.status_code == 401
        assert "a refresh token is needed" in answer.json()["detail"]

    def test_refuses_the_token_of_a_closed_account(self, client, seller, database):
        database.execute("update users set is_active = false where id = %s", [seller.user_id])
        assert refresh(client, seller.tokens["refresh_token"]).status_code == 401

    def test_keeps_no_tokens_that_their_expiry_refuses(self, client, seller, database):
        family = "session_id = (select id from sessions where user_id = %s)"
        own = [seller.user_id]
        database.execute(f"update refresh_tokens set expires_at = now() - interval '1 day' where {family}", own)
        refresh(client, seller.tokens["refresh_token"])
        left = database.execute(f"select used_at from refresh_tokens where {family}", own).fetchall()
        assert left == [{"used_at": None}]


class TestLogout:
    def test_ends_all_tokens_of_the_log_in(self, client, seller):
        assert client.post("/auth/logout", headers=seller.headers).status_code == 204
        assert problem(client.get("/auth/me", headers=seller.headers)) == (401, "login-ended")
        assert problem(refresh(client, seller.tokens["refresh_token"])) == (401, "login-ended")

    def test_leaves_the_users_other_log_ins(self, client, seller, log_in):
        other = log_in(seller)
        client.post("/auth/logout", headers=seller.headers)
        assert client.get("/auth/me", headers=other).status_code == 200

    def test_takes_the_refresh_token_when_the_access_token_is_over(self, client, seller):
        body = {"refresh_token": seller.tokens["refresh_token"]}
        assert client.post("/auth/logout", json=body, headers=bearer("over")).status_code == 204
        assert client.get("/auth/me", headers=seller.headers).status_code == 401

    def test_may_be_asked_for_twice(self, client, seller):
        body = {"refresh_token": seller.tokens["refresh_token"]}
        statuses = [client.post("/auth/logout", json=body).status_code for _ in range(2)]
        assert statuses == [204, 204]

    def test_needs_a_log_in(self, client):
        assert client.post("/auth/logout").status_code == 401


class TestListSessions:
    def test_tells_where_the_user_is_logged_in(self, client, seller):
        login = {"email": seller.email, "password": PASSWORD}
        client.post("/auth/login", json=login, headers={"User-Agent": "Acme importer/2"})
        [newest, current] = client.get("/auth/sessions", headers=seller.headers).json()["items"]
        assert (newest["user_agent"], newest["address"]) == ("Acme importer/2", "127.0.0.1")
        assert not newest["is_current"]
        assert current["is_current"]
        assert current["created_at"] <= current["last_used_at"] < current["expires_at"]

    def test_tells_nothing_of_other_users(self, client, seller, buyer):
        assert len(client.get("/auth/sessions", headers=seller.headers).json()["items"]) == 1

    def test_leaves_out_what_is_over(self, client, seller, log_in, database):
        client.post("/auth/logout", headers=log_in(seller))
        log_in(seller)
        database.execute(
            "update sessions set expires_at = now() where id ="
            " (select id from sessions where user_id = %s order by id desc limit 1)",
            [seller.user_id],
        )
        assert len(client.get("/auth/sessions", headers=seller.headers).json()["items"]) == 1

    def test_goes_on_where_the_page_ended(self, client, seller, log_in):
        log_in(seller)
        first = client.get("/auth/sessions", params={"limit": 1}, headers=seller.headers).json()
        params = {"limit": 1, "cursor": first["next_cursor"]}
        second = client.get("/auth/sessions", params=params, headers=seller.headers).json()
        assert (second["items"][0]["is_current"], second["next_cursor"]) == (True, None)


class TestEndSession:
    def test_refuses_its_tokens_at_once(self, client, seller, log_in):
        other = log_in(seller)
        [newest, _] = client.get("/auth/sessions", headers=seller.headers).json()["items"]
        assert client.delete(f"/auth/sessions/{newest['id']}", headers=seller.headers).status_code == 204
        assert problem(client.get("/auth/me", headers=other)) == (401, "login-ended")
        assert client.get("/auth/me", headers=seller.headers).status_code == 200

    def test_knows_no_session_of_another_user(self, client, seller, buyer):
        [session] = client.get("/auth/sessions", headers=buyer.headers).json()["items"]
        answer = client.delete(f"/auth/sessions/{session['id']}", headers=seller.headers)
        assert problem(answer) == (404, "session-not-found")
        assert client.get("/auth/me", headers=buyer.headers).status_code == 200

    def test_knows_no_session_that_never_was(self, client, seller):
        assert client.delete(f"/auth/sessions/{uuid4()}", headers=seller.headers).status_code == 404


class TestEndOtherSessions:
    def test_leaves_the_one_that_asks(self, client, seller, log_in):
        others = [log_in(seller), log_in(seller)]
        assert client.delete("/auth/sessions", headers=seller.headers).status_code == 204
        assert [client.get("/auth/me", headers=other).status_code for other in others] == [401, 401]
        assert client.get("/auth/me", headers=seller.headers).status_code == 200
