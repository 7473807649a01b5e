"""What is kept out of logs."""

import pytest

from api.redaction import REDACTED, redact, redact_text

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + "s" * 43  # pragma: allowlist secret


class TestRedactText:
    @pytest.mark.parametrize(
        "secret",
        [
            TOKEN,
            "pmk_" + "a" * 12 + "_" + "b" * 49,
            "sk_test_" + "4eC39HqLyj",
            "whsec_" + "abcdef",
            "pi_123_secret_" + "456",
            "Bearer abcdefgh.ijkl",
            "x" * 43,
        ],
    )
    def test_takes_out_what_looks_like_a_secret(self, secret):
        assert redact_text(f"it failed for {secret}") == f"it failed for {REDACTED}"

    def test_takes_the_password_out_of_an_address(self):
        assert redact_text("postgresql://me:hidden@host/db") == f"postgresql://{REDACTED}@host/db"

    @pytest.mark.parametrize(
        "text", ["/api/v1/prompts/01890a5d-ac96-774b-bcce-b302099a8057", "a line of words", "2026-11-24T15:00:00Z"]
    )
    def test_leaves_the_rest(self, text):
        assert redact_text(text) == text


class TestRedact:
    @pytest.mark.parametrize(
        "name", ["password", "new_password", "Authorization", "refresh_token", "api_key", "cookie", "client_secret"]
    )
    def test_takes_out_what_is_called_a_secret(self, name):
        assert redact({"user": {name: "short"}}) == {"user": {name: REDACTED}}

    def test_never_shows_bytes(self):
        assert redact({"body": b"anything"}) == {"body": "[8 bytes]"}

    def test_leaves_other_values(self):
        line = {"status": 200, "token_type": "bearer", "ids": ["a", "b"], "none": None, "token_count": 7}
        assert redact(line) == line

    def test_ends_at_a_depth(self):
        nested = {"a": [[[[[[[[[[["deep"]]]]]]]]]]]}
        assert redact([nested]) != [nested]
