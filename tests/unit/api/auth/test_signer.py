"""Tokens in links that are mailed."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from api.auth.derived_key import derive_key
from api.auth.link.errors import LinkInvalid
from api.auth.link.signer import LIFETIMES, LinkSigner, fingerprint

signer = LinkSigner("a pepper")
KEY = derive_key("a pepper", "account-links")
LATER = datetime.now(UTC) + timedelta(hours=1)
GOOD = {"aud": "invitation", "jti": "1", "exp": LATER}


def signed(claims=GOOD, key=KEY, **options):
    return jwt.encode(claims, key, **{"algorithm": "HS256", **options})


class TestSign:
    def test_makes_a_token_that_is_read_as_what_is_stored_of_it(self):
        link = signer.sign("invitation")
        assert signer.read(link.token, "invitation") == link.token_hash

    def test_is_never_the_same_twice(self):
        assert signer.sign("invitation").token_hash != signer.sign("invitation").token_hash

    @pytest.mark.parametrize(("purpose", "lifetime"), LIFETIMES.items())
    def test_lives_as_long_as_its_purpose_needs(self, purpose, lifetime):
        left = signer.sign(purpose).expires_at - datetime.now(UTC)
        assert lifetime - timedelta(minutes=1) < left <= lifetime

    def test_stores_nothing_the_token_can_be_made_of(self):
        link = signer.sign("invitation")
        assert len(link.token_hash) == 32 and link.token.encode() not in link.token_hash


class TestRead:
    def test_takes_what_was_signed_with_its_key(self):
        assert signer.read(signed(), "invitation")

    @pytest.mark.parametrize(
        "token",
        [
            signed({**GOOD, "aud": "password_reset"}),
            signed({**GOOD, "exp": datetime.now(UTC) - timedelta(seconds=1)}),
            signed({name: value for name, value in GOOD.items() if name != "exp"}),
            signed({name: value for name, value in GOOD.items() if name != "jti"}),
            signed(key=derive_key("another pepper", "account-links")),
            signed(key=derive_key("a pepper", "another purpose")),
            signed(key=KEY * 2, algorithm="HS512"),
            pytest.param(jwt.encode(GOOD, None, algorithm="none"), id="unsigned"),
            pytest.param(signed()[:-2], id="cut"),
            "",
            "a.b.c",
            "\ud800",
        ],
    )
    def test_refuses_all_else_without_saying_why(self, token):
        with pytest.raises(LinkInvalid) as refusal:
            signer.read(token, "invitation")
        assert str(refusal.value) == str(LinkInvalid())


class TestFingerprint:
    def test_tells_values_apart_and_shows_none(self):
        prints = [fingerprint(value) for value in ("ana@acme.example", "bo@acme.example", None)]
        assert len(set(prints)) == 3
        assert b"ana" not in prints[0]
