"""Secrets and codes of second factors: how they are made, kept and compared."""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from uuid import UUID

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.auth.derived_key import derive_key

# Before each ciphertext, so that another key or cipher can take over one day.
VERSION = b"\x01"
NONCE_BYTES = 12
STEP_SECONDS = 30
# Clocks differ, and typing takes time: the code before and the one after are taken as well.
STEPS_AROUND = 1
ISSUER = "Prompt marketplace"
RECOVERY_CODE_COUNT = 10
# 80 bits: not to be guessed, so that a fast hash is enough.
RECOVERY_CODE_BYTES = 10


class SecretUnreadable(Exception):
    """A stored secret was encrypted under another key, or is another user's."""


class SecondFactorVault:
    """Encrypts secrets and hashes recovery codes, both with keys that are not in the database.

    `clock` tells the seconds since the epoch by which codes are judged.
    """

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._cipher = AESGCM(derive_key(secret, "second-factor-secret"))
        self._code_key = derive_key(secret, "recovery-code")

    def encrypt(self, user_id: UUID, secret: str) -> bytes:
        """The secret as it is stored. It can't be read as another user's."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, secret.encode(), user_id.bytes)

    def decrypt(self, user_id: UUID, stored: bytes) -> str:
        """The secret. Raises `SecretUnreadable`."""
        nonce, ciphertext = stored[1 : 1 + NONCE_BYTES], stored[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, user_id.bytes).decode()
        except InvalidTag:
            raise SecretUnreadable(f"The second factor can't be read with this key. User: {user_id}") from None

    def hash_recovery_code(self, user_id: UUID, code: str) -> bytes:
        """What is stored of a recovery code, however it is written."""
        plain = "".join(letter for letter in code.lower() if letter.isalnum())
        return hmac.new(self._code_key, user_id.bytes + plain.encode(), hashlib.sha256).digest()


def new_secret() -> str:
    """A random secret in Base32."""
    return pyotp.random_base32()


def otpauth_uri(secret: str, email: str) -> str:
    """What a QR code for authenticator apps says."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def new_recovery_codes() -> list[str]:
    """Random codes, in groups that are easy to type."""
    made = [secrets.token_hex(RECOVERY_CODE_BYTES) for _ in range(RECOVERY_CODE_COUNT)]
    return ["-".join(code[start : start + 5] for start in range(0, len(code), 5)) for code in made]


def matching_step(secret: str, code: str, *, at: float) -> int | None:
    """The time step whose code this is, if it is one of that moment; None otherwise."""
    now = int(at // STEP_SECONDS)
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    given = "".join(code.split())
    for step in range(now - STEPS_AROUND, now + STEPS_AROUND + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given.encode()):
            return step
    return None
