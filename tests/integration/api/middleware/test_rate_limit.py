"""How often one may ask. The limits of this module's service are a tenth of production's."""

import pytest

READS, GUESSES, REFRESHES = 300, 10, 60
TOKEN = "x" * 60
RIGHT, WRONG = "a long enough password", "another long password"


@pytest.fixture(scope="module")
def api_settings(api_settings):
    return api_settings.model_copy(
        update={
            "rate_limit_multiplier": 0.1,
            "login_rate_limit_multiplier": 1.0,
            "trusted_proxies": (),
        }
    )


@pytest.fixture
def log_in(client):
    def log_in(email, password, **headers):
        return client.post("/auth/login", json={"email": email, "password": password}, headers=headers)

    return log_in


class TestRoute:
    def test_says_how_much_is_left(self, client, seller):
        first, second = (client.get("/auth/me", headers=seller.headers).headers for _ in range(2))
        assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == (str(READS), str(READS - 1))
        assert second["RateLimit-Remaining"] == str(READS - 2)
        assert 0 < int(first["RateLimit-Reset"]) <= 60
        assert first["RateLimit-Policy"] == f"{READS};w=60"

    def test_refuses_who_asks_too_often_and_nobody_else(self, client, seller, buyer):
        answers = [client.get("/prompts", headers=seller.headers) for _ in range(READS + 1)]
        assert {answer.status_code for answer in answers[:READS]} == {200}
        refused = answers[-1]
        assert (refused.status_code, refused.headers["RateLimit-Remaining"]) == (429, "0")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["title"] == "Rate limit exceeded"
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert client.get("/prompts", headers=buyer.headers).status_code == 200
        assert client.get("/auth/me", headers=seller.headers).status_code == 200

    def test_counts_the_unknown_by_address_whatever_they_say_it_is(self, client):
        sent = [{"X-Forwarded-For": f"203.0.113.{n}"} for n in (1, 2)]
        left = [int(client.get("/marketplace/browse", headers=each).headers["RateLimit-Remaining"]) for each in sent]
        assert left[1] == left[0] - 1

    def test_is_on_refusals_as_well(self, client):
        assert client.get("/auth/me").headers["RateLimit-Limit"] == str(READS)


NEW = "yet another long password"
GUESSED = [
    ("POST", "/auth/password-reset", {"email": "somebody@acme.example"}, 5),
    ("POST", "/auth/password-reset/confirm", {"token": TOKEN, "password": NEW}, 5),
    ("POST", "/auth/verification", None, 10),
    ("POST", "/auth/verification/confirm", {"token": TOKEN}, 10),
    ("POST", "/auth/invitations/accept", {"token": TOKEN, "password": NEW}, 20),
    ("POST", "/auth/password", {"current_password": WRONG, "new_password": NEW}, GUESSES),
    ("POST", "/auth/totp", {"password": WRONG}, GUESSES),
    ("POST", "/auth/totp/confirm", {"code": "000000"}, GUESSES),
    ("DELETE", "/auth/totp", {"password": WRONG, "code": "000000"}, GUESSES),
]


class TestGuesses:
    @pytest.mark.parametrize(("method", "path", "body", "allowed"), GUESSED)
    def test_are_counted_by_account_or_by_what_is_guessed(self, client, seller, method, path, body, allowed):
        sent = [client.request(method, path, json=body, headers=seller.headers) for _ in range(allowed + 1)]
        assert 429 not in {answer.status_code for answer in sent[:allowed]}
        assert (sent[-1].status_code, sent[-1].headers["RateLimit-Limit"]) == (429, str(allowed))

    @pytest.mark.parametrize(("method", "path", "body", "allowed"), GUESSED)
    def test_are_limited_says_openapi(self, site, method, path, body, allowed):
        described = site.get("/openapi.json").json()["paths"][f"/api/v1{path}"][method.lower()]
        assert {"429", "503"} <= set(described["responses"])


class TestRefresh:
    def test_is_counted_by_token_before_it_is_read_whoever_sends_it(self, client, seller):
        callers = [{}] * (REFRESHES // 2) + [seller.headers] * (REFRESHES // 2 + 1)
        body = {"refresh_token": "not one of ours"}
        answers = [client.post("/auth/refresh", json=body, headers=each).status_code for each in callers]
        assert answers == [401] * REFRESHES + [429]


class TestLogin:
    def test_is_closed_after_wrong_passwords_even_to_the_right_one(self, log_in, seller):
        wrong = [log_in(seller.email, WRONG).status_code for _ in range(GUESSES)]
        right = log_in(seller.email.upper(), RIGHT)
        assert (set(wrong), right.status_code) == ({401}, 429)
        assert 0 < int(right.headers["Retry-After"]) <= 60

    def test_is_open_to_others_meanwhile(self, log_in, seller, buyer):
        for _ in range(GUESSES + 1):
            log_in(seller.email, WRONG)
        assert log_in(buyer.email, RIGHT).status_code == 200

    def test_does_not_count_what_succeeds(self, log_in, seller):
        assert {log_in(seller.email, RIGHT).status_code for _ in range(GUESSES + 5)} == {200}

    def test_counts_an_unknown_account_alike(self, log_in):
        answers = [log_in("nobody@acme.example", WRONG).status_code for _ in range(GUESSES + 1)]
        assert answers == [401] * GUESSES + [429]
