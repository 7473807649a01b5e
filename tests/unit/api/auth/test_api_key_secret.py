"""API keys as text."""

import pytest

from api.auth.api_key.secret import KeyHasher, KeySecret, make_key, parse_key

key = KeySecret(prefix="pmk_" + "A" * 12, secret="B" * 43)


class TestParseKey:
    def test_takes_a_whole_key_apart(self):
        assert parse_key(str(key)) == key

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "pmk_",
            str(key)[:-1],
            str(key) + "0",
            str(key).swapcase(),
            str(key).replace("pmk_", "pmx_"),
            str(key)[:-1] + ("0" if str(key)[-1] != "0" else "1"),
            str(key).replace("B" * 43, "C" * 43),
            str(key) + "\n",
            "\u0661" * 66,
        ],
    )
    def test_finds_nothing_in_what_is_none(self, text):
        assert parse_key(text) is None


class TestMakeKey:
    def test_is_another_each_time(self):
        assert len({str(make_key()) for _ in range(100)}) == 100

    def test_hides_its_secret_from_logs(self):
        assert key.secret not in repr(key)


class TestKeyHasher:
    def test_depends_on_key_and_pepper(self):
        hashes = [KeyHasher("a").hash(key), KeyHasher("b").hash(key), KeyHasher("a").hash(make_key())]
        assert len(set(hashes)) == 3
        assert KeyHasher("a").hash(key) == hashes[0]
