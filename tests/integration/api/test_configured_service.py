"""A service with what is optional: signing keys before the one of today, and a server for reports of failures."""

from uuid import uuid4

import jwt
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.auth.identity import session_identity
from api.auth.token import TokenIssuer, key_id
from api.main import create_app
from api.routing import feature_router
from tests.report_sink import report_sink
from tests.waiting import wait_until

TODAY, BEFORE, DROPPED = (
    f"{name} key with enough bytes to sign with" for name in ("today's", "an earlier", "a dropped")
)
router = feature_router("test")


@router.get("/broken")
async def break_down() -> None:
    raise ZeroDivisionError("of no use: Bearer abcdefgh.ijkl")


@pytest.fixture(scope="module")
def sink():
    with report_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def api_settings(api_settings, sink):
    return api_settings.model_copy(
        update={
            "jwt_secret": SecretStr(TODAY),
            "jwt_previous_secrets": (SecretStr(BEFORE),),
            "sentry_dsn": SecretStr(sink.address),
            # Failures are of interest here, and are logged as errors.
            "log_level": "CRITICAL",
        }
    )


@pytest.fixture(scope="module")
def service(api_settings) -> FastAPI:
    app = create_app(api_settings)
    app.include_router(router)
    return app


@pytest.fixture
def sign(seller):
    """Signs a token of the seller's session with a key: `sign(BEFORE, "access")`."""
    claims = jwt.decode(seller.tokens["refresh_token"], options={"verify_signature": False})

    def sign(secret, type_):
        identity = session_identity(
            user_id=seller.user_id,
            organization_id=seller.organization_id,
            email=seller.email,
            role=seller.role,
            session_id=claims["sid"],
        )
        token_id = claims["jti"] if type_ == "refresh" else uuid4()
        return TokenIssuer(secret, access_seconds=60, refresh_seconds=60).issue(identity, type_, token_id)

    return sign


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


class TestKeyRotation:
    @pytest.mark.parametrize(("secret", "status"), [(TODAY, 200), (BEFORE, 200), (DROPPED, 401)])
    def test_tokens_of_the_keys_that_are_known_are_good(self, client, sign, secret, status):
        headers = {"Authorization": f"Bearer {sign(secret, 'access')}"}
        assert client.get("/auth/me", headers=headers).status_code == status

    def test_a_refresh_moves_a_session_to_the_key_of_today(self, client, sign):
        old = sign(BEFORE, "refresh")
        new = client.post("/auth/refresh", json={"refresh_token": old}).json()
        assert (kid(old), kid(new["access_token"]), kid(new["refresh_token"])) == (
            key_id(BEFORE),
            key_id(TODAY),
            key_id(TODAY),
        )

    def test_a_refresh_token_of_a_dropped_key_is_not_good(self, client, sign):
        assert client.post("/auth/refresh", json={"refresh_token": sign(DROPPED, "refresh")}).status_code == 401


class TestFailureReports:
    def test_name_the_request_and_hold_no_secret(self, client, sink, seller):
        answer = client.get("/test/broken", headers={**seller.headers, "X-Request-ID": "broken-1"})
        assert (answer.status_code, answer.json()["request_id"]) == (500, "broken-1")
        assert "ZeroDivisionError" not in answer.text
        wait_until(lambda: sink.reports, "a report came")
        report = sink.text
        assert "ZeroDivisionError" in report and "broken-1" in report
        assert "abcdefgh.ijkl" not in report and seller.tokens["access_token"] not in report
