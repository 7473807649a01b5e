"""Signed tokens."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from api.auth.errors import TokenExpired, TokenInvalid
from api.auth.identity import Identity
from api.auth.token import TokenIssuer

SECRET = "a secret of at least thirty-two bytes"
issuer = TokenIssuer(SECRET, access_minutes=30, refresh_days=7)
identity = Identity(uuid4(), uuid4(), "ana@acme.example", "seller", uuid4())


def signed(*, secret: str = SECRET, algorithm: str = "HS256", without: str = "", **changes: object) -> str:
    now = datetime.now(UTC)
    claims = {
        "sub": str(identity.user_id),
        "type": "access",
        "iat": now,
        "exp": now + timedelta(minutes=1),
        "sid": str(identity.login_id),
        "email": identity.email,
        "role": "seller",
        "organization_id": str(identity.organization_id),
        **changes,
    }
    claims.pop(without, None)
    return jwt.encode(claims, secret, algorithm=algorithm)


class TestRead:
    @pytest.mark.parametrize("type_", ["access", "refresh"])
    def test_gives_back_who_was_signed_in(self, type_):
        assert issuer.read(issuer.issue(identity, type_), type_) == identity

    @pytest.mark.parametrize(("issued", "read"), [("access", "refresh"), ("refresh", "access")])
    def test_refuses_a_token_of_the_other_type(self, issued, read):
        with pytest.raises(TokenInvalid):
            issuer.read(issuer.issue(identity, issued), read)

    def test_refuses_a_token_that_expired(self):
        with pytest.raises(TokenExpired):
            issuer.read(signed(exp=datetime.now(UTC) - timedelta(seconds=1)), "access")

    @pytest.mark.parametrize("claim", ["exp", "iat", "sub", "type", "sid", "email", "role", "organization_id"])
    def test_refuses_a_token_without_a_needed_claim(self, claim):
        with pytest.raises(TokenInvalid):
            issuer.read(signed(without=claim), "access")

    @pytest.mark.parametrize("claim", [{"role": "owner"}, {"role": ["admin"]}, {"sub": "me"}, {"sid": 7}])
    def test_refuses_a_token_with_a_strange_claim(self, claim):
        with pytest.raises(TokenInvalid):
            issuer.read(signed(**claim), "access")

    def test_refuses_another_secret(self):
        with pytest.raises(TokenInvalid):
            issuer.read(signed(secret="another secret of at least thirty-two bytes"), "access")

    def test_refuses_another_algorithm(self):
        with pytest.raises(TokenInvalid):
            issuer.read(signed(algorithm="HS512", secret=SECRET * 2), "access")

    def test_refuses_an_unsigned_token(self):
        with pytest.raises(TokenInvalid):
            issuer.read(jwt.encode({"sub": "x"}, None, algorithm="none"), "access")

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "ÿ.ÿ.ÿ", "." * 1000, "eyJhbGciOiJIUzI1NiJ9..", "\x00"])
    def test_refuses_what_is_no_token(self, token):
        with pytest.raises(TokenInvalid):
            issuer.read(token, "access")

    def test_refuses_a_changed_token(self):
        header, claims, signature = issuer.issue(identity, "access").split(".")
        with pytest.raises(TokenInvalid):
            issuer.read(f"{header}.{claims[:-2]}AA.{signature}", "access")
