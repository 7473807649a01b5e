"""Hashing passwords."""

import asyncio

import bcrypt
import pytest

from api.auth.password import PasswordHasher

hasher = PasswordHasher("a pepper", bcrypt_cost=4)


def hashed(password: str, *, cost: int = 4) -> str:
    return asyncio.run(PasswordHasher("a pepper", bcrypt_cost=cost).hash(password))


def hashed_anew(password: str, password_hash: str, *, cost: int = 4) -> str | None:
    return asyncio.run(PasswordHasher("a pepper", bcrypt_cost=cost).hash_anew(password, password_hash))


def matches(password: str, password_hash: str | None, *, pepper: str = "a pepper") -> bool:
    return asyncio.run(PasswordHasher(pepper, bcrypt_cost=4).matches(password, password_hash))


class TestMatches:
    @pytest.mark.parametrize(
        "password", ["correct horse battery", "x" * 1024, "pässwörd mit ümläuten", "with\x00nul inside it"]
    )
    def test_knows_the_password_again(self, password):
        assert matches(password, hashed(password))

    def test_tells_apart_passwords_that_differ_after_72_bytes(self):
        assert not matches("x" * 72 + "b", hashed("x" * 72 + "a"))

    def test_tells_apart_passwords_that_differ_after_a_nul(self):
        assert not matches("long enough\x00b", hashed("long enough\x00a"))

    def test_takes_one_character_for_the_same_however_it_is_written(self):
        assert matches("cafe\u0301 au lait, s'il", hashed("caf\u00e9 au lait, s'il"))

    def test_needs_the_pepper(self):
        assert not matches("correct horse battery", hashed("correct horse battery"), pepper="another")

    def test_is_false_without_a_hash(self):
        assert not matches("correct horse battery", None)

    @pytest.mark.parametrize("cost", [4, 5, 6, 7])
    def test_knows_passwords_of_another_cost(self, cost):
        stored = hashed("correct horse battery", cost=cost)
        assert (matches("correct horse battery", stored), matches("another one", stored)) == (True, False)


class TestHashAnew:
    @pytest.mark.parametrize(("was", "cost"), [(4, 5), (5, 4)])
    def test_makes_a_hash_of_the_cost_of_today(self, was, cost):
        renewed = hashed_anew("correct horse battery", hashed("correct horse battery", cost=was), cost=cost)
        assert renewed.startswith(f"$2b$0{cost}$") and matches("correct horse battery", renewed)

    def test_leaves_one_of_that_cost(self):
        assert hashed_anew("correct horse battery", hashed("correct horse battery")) is None


class TestHash:
    def test_salts(self):
        assert hashed("correct horse battery") != hashed("correct horse battery")

    def test_has_the_cost_of_the_settings(self):
        assert hashed("correct horse battery").startswith("$2b$04$")

    def test_is_not_bcrypt_of_the_password_itself(self):
        assert not bcrypt.checkpw(b"correct horse battery", hashed("correct horse battery").encode())
