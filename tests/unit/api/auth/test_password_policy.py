"""Which passwords are taken."""

import asyncio

import pytest

from api.auth.account.errors import PasswordTooCommon, PasswordTooShort
from api.auth.account.password_policy import check_password, is_common

OWN = ("ana.lovelace@acme.example", "Analytical Engines Ltd")
GOOD = "seven green kettles whistle"


def check(password, *, own=(), **options):
    asyncio.run(check_password(password, own=own, **options))


class TestCheckPassword:
    @pytest.mark.parametrize(
        "password", [GOOD, "😀" * 64, "😀" * 15, "x" * 64, "Ω≈ç√∫˜µ≤≥÷åß∂ƒ¥", "x7Qp!r2vLm9z#Kd", GOOD * 30]
    )
    def test_takes_what_nobody_tries_first(self, password):
        check(password, own=OWN)

    @pytest.mark.parametrize(("length", "has_second_factor"), [(14, False), (7, True)])
    def test_refuses_what_is_too_short(self, length, has_second_factor):
        with pytest.raises(PasswordTooShort, match=f"at least {length + 1} characters"):
            check("v8#Qm2!xKp9$Lz7@"[:length], has_second_factor=has_second_factor)

    @pytest.mark.parametrize(("length", "has_second_factor"), [(15, False), (8, True)])
    def test_takes_the_shortest_there_may_be(self, length, has_second_factor):
        check("v8#Qm2!xKp9$Lz7@"[:length], has_second_factor=has_second_factor)

    def test_counts_characters_and_not_bytes(self):
        with pytest.raises(PasswordTooShort):
            check("é" * 14)

    def test_a_second_factor_excuses_no_common_one(self):
        with pytest.raises(PasswordTooCommon):
            check("password1", has_second_factor=True)

    def test_names_the_field_and_not_the_password(self):
        with pytest.raises(PasswordTooCommon) as refusal:
            check("passwordpassword", field="new_password")
        [error] = refusal.value.errors
        assert error.field == "new_password" and "passwordpassword" not in str(refusal.value)


class TestIsCommon:
    @pytest.mark.parametrize(
        "password",
        [
            "passwordpassword",
            "PASSWORDpassword",
            "qwertyqwertyqwerty",
            "123456789012345678",
            "passwordpasswordpasswordpasswordpasswordpassword",
        ],
    )
    def test_knows_what_is_tried_first_and_its_repetitions(self, password):
        assert is_common(password, [])

    @pytest.mark.parametrize(
        "password", ["ana.lovelace@acme.example", "ANALYTICAL ENGINES LTD", "analyticalenginesltd", "lovelacelovelace"]
    )
    def test_knows_the_users_own_names(self, password):
        assert is_common(password, OWN)

    def test_others_may_take_them(self):
        assert not is_common("ana.lovelace@acme.example", [])

    def test_rates_no_part_of_a_very_long_one(self):
        assert not is_common("password" + "9f!Kx2@vQz" * 100, [])
