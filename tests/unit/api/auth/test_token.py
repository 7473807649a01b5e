"""Signed tokens."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from api.auth.errors import TokenExpired, TokenInvalid
from api.auth.identity import session_identity
from api.auth.token import REQUIRED_CLAIMS, TokenIssuer, key_id

SECRET = "a secret that is long enough for every algorithm a stranger could name"
OLD_SECRET = "an older secret of thirty-two bytes or more"
issuer = TokenIssuer(SECRET, access_seconds=1800, refresh_seconds=604800)
identity = session_identity(
    user_id=uuid4(), organization_id=uuid4(), email="ana@acme.example", role="seller", session_id=uuid4()
)


def signed(
    *, secret: str = SECRET, algorithm: str = "HS256", without: str = "", header: object = None, **changes: object
) -> str:
    now = datetime.now(UTC)
    claims = {
        "iss": "prompt-marketplace",
        "aud": "prompt-marketplace-api",
        "sub": str(identity.user_id),
        "typ": "access",
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + timedelta(minutes=1),
        "sid": str(identity.session_id),
        "email": identity.email,
        "role": "seller",
        "organization_id": str(identity.organization_id),
        **changes,
    }
    claims.pop(without, None)
    return jwt.encode(claims, secret, algorithm=algorithm, headers=header or {"kid": key_id(SECRET)})


class TestIssue:
    @pytest.mark.parametrize("type_", ["access", "refresh"])
    def test_says_all_that_a_token_must(self, type_):
        claims = jwt.decode(issuer.issue(identity, type_, uuid4()), options={"verify_signature": False})
        assert set(claims) == set(REQUIRED_CLAIMS)
        assert claims["sub"] == str(identity.user_id)
        assert (claims["email"], claims["role"], claims["typ"]) == ("ana@acme.example", "seller", type_)

    @pytest.mark.parametrize(("type_", "seconds"), [("access", 30 * 60), ("refresh", 7 * 24 * 60 * 60)])
    def test_ends_when_it_should(self, type_, seconds):
        claims = jwt.decode(issuer.issue(identity, type_, uuid4()), options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == seconds

    def test_names_the_key_without_telling_it(self):
        header = jwt.get_unverified_header(issuer.issue(identity, "access", uuid4()))
        assert header == {"alg": "HS256", "typ": "JWT", "kid": key_id(SECRET)}
        assert key_id(SECRET) not in {SECRET, key_id(OLD_SECRET)}


class TestRead:
    @pytest.mark.parametrize("type_", ["access", "refresh"])
    def test_gives_back_who_was_signed_in(self, type_):
        token_id = uuid4()
        found = issuer.read(issuer.issue(identity, type_, token_id), type_)
        assert (found.identity, found.token_id) == (identity, token_id)

    def test_takes_the_hand_made_token_the_tests_below_change(self):
        assert issuer.read(signed(), "access").identity == identity

    @pytest.mark.parametrize(("issued", "read"), [("access", "refresh"), ("refresh", "access")])
    def test_refuses_a_token_of_the_other_type(self, issued, read):
        with pytest.raises(TokenInvalid, match=f"{read} token is needed"):
            issuer.read(issuer.issue(identity, issued, uuid4()), read)

    def test_refuses_a_token_that_expired(self):
        with pytest.raises(TokenExpired):
            issuer.read(signed(exp=datetime.now(UTC) - timedelta(seconds=1)), "access")

    def test_refuses_a_token_that_expired_after_it_was_found_good(self):
        clock = {"now": time.time()}
        aging = TokenIssuer(SECRET, access_seconds=60, refresh_seconds=60, clock=lambda: clock["now"])
        token = aging.issue(identity, "access", uuid4())
        assert aging.read(token, "access").identity == identity
        clock["now"] += 61
        with pytest.raises(TokenExpired):
            aging.read(token, "access")

    @pytest.mark.parametrize("claim", REQUIRED_CLAIMS)
    def test_refuses_a_token_without_a_needed_claim(self, claim):
        with pytest.raises(TokenInvalid):
            issuer.read(signed(without=claim), "access")

    @pytest.mark.parametrize(
        "claim",
        [
            {"role": "owner"},
            {"role": ["admin"]},
            {"sub": "me"},
            {"sub": 7},
            {"sid": 7},
            {"jti": "7"},
            {"typ": "id"},
            {"typ": ["access"]},
            {"iss": "https://elsewhere.example"},
            {"aud": "another-api"},
            {"aud": ["prompt-marketplace-api", "another-api"]},
            {"iat": datetime.now(UTC) + timedelta(hours=1)},
            {"nbf": datetime.now(UTC) + timedelta(hours=1)},
        ],
    )
    def test_refuses_a_token_with_a_strange_claim(self, claim):
        with pytest.raises(TokenInvalid):
            issuer.read(signed(**claim), "access")

    def test_refuses_another_secret_under_the_name_of_ours(self):
        with pytest.raises(TokenInvalid):
            issuer.read(signed(secret=OLD_SECRET), "access")

    @pytest.mark.parametrize("kid", [key_id(OLD_SECRET), "", "../../dev/null", SECRET])
    def test_refuses_a_key_it_does_not_know(self, kid):
        with pytest.raises(TokenInvalid, match="does not know"):
            issuer.read(signed(header={"kid": kid}), "access")

    def test_refuses_a_token_that_names_no_key(self):
        with pytest.raises(TokenInvalid, match="does not know"):
            issuer.read(signed(header={"x": "y"}), "access")

    def test_takes_no_key_from_the_token(self):
        key = {"kty": "oct", "k": base64.urlsafe_b64encode(OLD_SECRET.encode()).decode()}
        with pytest.raises(TokenInvalid):
            issuer.read(signed(secret=OLD_SECRET, header={"kid": key_id(SECRET), "jwk": key}), "access")

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    def test_refuses_another_algorithm(self, algorithm):
        with pytest.raises(TokenInvalid):
            issuer.read(signed(algorithm=algorithm), "access")

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE"])
    def test_refuses_an_unsigned_token(self, algorithm):
        header = {"alg": algorithm, "typ": "JWT", "kid": key_id(SECRET)}
        named = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        with pytest.raises(TokenInvalid):
            issuer.read(f"{named}.{signed().split('.')[1]}.", "access")

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "ÿ.ÿ.ÿ", "." * 1000, "eyJhbGciOiJIUzI1NiJ9..", "\x00"])
    def test_refuses_what_is_no_token(self, token):
        with pytest.raises(TokenInvalid):
            issuer.read(token, "access")

    def test_refuses_a_changed_token(self):
        header, claims, signature = issuer.issue(identity, "access", uuid4()).split(".")
        with pytest.raises(TokenInvalid):
            issuer.read(f"{header}.{claims[:-2]}AA.{signature}", "access")


class TestPreviousSecrets:
    after_rotation = TokenIssuer(SECRET, previous_secrets=[OLD_SECRET], access_seconds=60, refresh_seconds=60)
    before_rotation = TokenIssuer(OLD_SECRET, access_seconds=60, refresh_seconds=60)

    def test_their_tokens_are_read(self):
        token = self.before_rotation.issue(identity, "refresh", uuid4())
        assert self.after_rotation.read(token, "refresh").identity == identity

    def test_they_sign_nothing_any_more(self):
        token = self.after_rotation.issue(identity, "access", uuid4())
        assert jwt.get_unverified_header(token)["kid"] == key_id(SECRET)

    def test_once_removed_their_tokens_are_refused(self):
        with pytest.raises(TokenInvalid, match="does not know"):
            issuer.read(self.before_rotation.issue(identity, "access", uuid4()), "access")
