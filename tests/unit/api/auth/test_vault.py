"""Secrets and codes of second factors."""

from uuid import uuid4

import pyotp
import pytest

from api.auth.second_factor.vault import (
    SecondFactorVault,
    SecretUnreadable,
    matching_step,
    new_recovery_codes,
    new_secret,
    otpauth_uri,
)

USER, OTHER = uuid4(), uuid4()
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # pragma: allowlist secret
NOON = 1_800_000_000.0
vault = SecondFactorVault("a pepper")


class TestDecrypt:
    def test_gives_the_secret_back(self):
        assert vault.decrypt(USER, vault.encrypt(USER, SECRET)) == SECRET

    def test_reads_no_secret_of_another_user(self):
        with pytest.raises(SecretUnreadable, match=str(OTHER)):
            vault.decrypt(OTHER, vault.encrypt(USER, SECRET))

    def test_reads_nothing_with_another_key(self):
        with pytest.raises(SecretUnreadable):
            SecondFactorVault("another pepper").decrypt(USER, vault.encrypt(USER, SECRET))

    @pytest.mark.parametrize("place", [1, 13, -1])
    def test_notices_a_changed_byte(self, place):
        stored = bytearray(vault.encrypt(USER, SECRET))
        stored[place] ^= 1
        with pytest.raises(SecretUnreadable):
            vault.decrypt(USER, bytes(stored))


class TestEncrypt:
    def test_is_never_the_same_twice(self):
        assert vault.encrypt(USER, SECRET) != vault.encrypt(USER, SECRET)

    def test_shows_nothing_of_the_secret(self):
        assert SECRET.encode() not in vault.encrypt(USER, SECRET)


class TestHashRecoveryCode:
    @pytest.mark.parametrize("written", ["kettl-egreen", "KETTL-EGREEN", "kettlegreen", " kettl egreen "])
    def test_is_the_same_however_the_code_is_written(self, written):
        assert vault.hash_recovery_code(USER, written) == vault.hash_recovery_code(USER, "kettl-egreen")

    def test_differs_by_user_code_and_key(self):
        hashes = {
            vault.hash_recovery_code(USER, "ab12c"),
            vault.hash_recovery_code(OTHER, "ab12c"),
            vault.hash_recovery_code(USER, "ab12d"),
            SecondFactorVault("another pepper").hash_recovery_code(USER, "ab12c"),
        }
        assert len(hashes) == 4


class TestNewRecoveryCodes:
    def test_are_ten_that_differ_in_groups_of_five(self):
        codes = new_recovery_codes()
        assert len(set(codes)) == 10
        assert {len(group) for code in codes for group in code.split("-")} == {5}


class TestMatchingStep:
    @pytest.mark.parametrize(("seconds", "steps"), [(-30, -1), (0, 0), (30, 1)])
    def test_takes_the_code_of_now_and_its_neighbours(self, seconds, steps):
        code = pyotp.TOTP(SECRET).at(NOON + seconds)
        assert matching_step(SECRET, code, at=NOON) == NOON // 30 + steps

    @pytest.mark.parametrize("seconds", [-60, 60])
    def test_takes_none_further_away(self, seconds):
        assert matching_step(SECRET, pyotp.TOTP(SECRET).at(NOON + seconds), at=NOON) is None

    def test_takes_a_code_with_the_space_apps_show(self):
        code = pyotp.TOTP(SECRET).at(NOON)
        assert matching_step(SECRET, f"{code[:3]} {code[3:]}", at=NOON) is not None

    @pytest.mark.parametrize("code", ["", "x", "٣٣٣٣٣٣", "1" * 100])
    def test_takes_nothing_that_is_no_code(self, code):
        assert matching_step(SECRET, code, at=NOON) is None

    def test_agrees_with_the_example_of_the_standard(self):
        # RFC 6238, appendix B, SHA-1 at 59 seconds; the last six of its eight digits.
        assert matching_step("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "287082", at=59) == 1


class TestOtpauthUri:
    def test_is_read_by_an_app(self):
        secret = new_secret()
        app = pyotp.parse_uri(otpauth_uri(secret, "ana+1@acme.example"))
        assert (app.secret, app.name, app.issuer) == (secret, "ana+1@acme.example", "Prompt marketplace")
