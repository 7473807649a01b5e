"""What an API key looks like: `pmk_<12 characters>_<43 of secret><6 of checksum>`.

The first part finds the key and is no secret. The checksum tells a key from what merely looks like one: scanners of
leaked secrets use it, and so does this service before it asks the database.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass

MARK = "pmk_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX_LENGTH = 12
# 62 to the 43rd is more than 2 to the 256th.
SECRET_LENGTH = 43
CHECKSUM_LENGTH = 6
WELL_FORMED = re.compile(
    rf"({MARK}[{ALPHABET}]{{{PREFIX_LENGTH}}})_([{ALPHABET}]{{{SECRET_LENGTH}}})([{ALPHABET}]{{{CHECKSUM_LENGTH}}})",
    re.ASCII,
)


@dataclass(frozen=True)
class KeySecret:
    """A whole key: what is shown once."""

    prefix: str
    secret: str

    def __str__(self) -> str:
        body = f"{self.prefix}_{self.secret}"
        return body + _checksum(body)

    def __repr__(self) -> str:
        return f"KeySecret({self.prefix})"


def make_key() -> KeySecret:
    """A new key that nobody can guess."""
    return KeySecret(prefix=MARK + _random(PREFIX_LENGTH), secret=_random(SECRET_LENGTH))


def parse_key(text: str) -> KeySecret | None:
    """The parts of a key, or None for what never was one."""
    found = WELL_FORMED.fullmatch(text)
    if found is None or found[3] != _checksum(f"{found[1]}_{found[2]}"):
        return None
    return KeySecret(prefix=found[1], secret=found[2])


class KeyHasher:
    """Hashes key secrets fast: 256 random bits need no slow hash, and the pepper keeps a stolen table useless."""

    def __init__(self, pepper: str) -> None:
        # A key of its own, so that no hash of this table means anything in another.
        self._key = hmac.digest(pepper.encode(), b"api-keys", hashlib.sha256)

    def hash(self, key: KeySecret) -> bytes:
        """The 32 bytes to store."""
        return hmac.digest(self._key, str(key).encode(), hashlib.sha256)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
