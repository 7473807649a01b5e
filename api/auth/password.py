"""Passwords: hashed slowly, in threads, with a pepper that is not in the database."""

import base64
import hashlib
import hmac
import os
import unicodedata
from collections.abc import Callable
from typing import TypeVar

import bcrypt
from anyio import CapacityLimiter, to_thread

T = TypeVar("T")


class PasswordHasher:
    """Hashes and checks passwords. At most as many at the same time as there are cores: more would only be slower."""

    def __init__(self, pepper: str, *, bcrypt_cost: int) -> None:
        self._pepper = pepper.encode()
        self._cost = bcrypt_cost
        self._limiter: CapacityLimiter | None = None

    async def hash(self, password: str) -> str:
        """The string to store."""
        hashed = await self._in_thread(bcrypt.hashpw, self._prepared(password), bcrypt.gensalt(self._cost))
        return hashed.decode("ascii")

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether this is the password. Whenever it is not it takes as long: nobody learns who is known.

        That is as long as the cost of today takes, without a hash and with one that was made at a lower cost.
        """
        prepared = self._prepared(password)
        if password_hash is None:
            await self._in_thread(bcrypt.checkpw, prepared, _nobodys_hash(self._cost))
            return False
        return await self._in_thread(self._check, prepared, password_hash.encode("ascii"))

    async def hash_anew(self, password: str, password_hash: str | None) -> str | None:
        """The string to store for a password that was found right, when the cost has changed since it was hashed."""
        if password_hash is None or _cost(password_hash.encode("ascii")) == self._cost:
            return None
        return await self.hash(password)

    def _check(self, prepared: bytes, password_hash: bytes) -> bool:
        if bcrypt.checkpw(prepared, password_hash):
            return True
        # Each step of the cost doubles the time, so that these together take what is missing.
        for cost in range(_cost(password_hash), self._cost):
            bcrypt.checkpw(prepared, _nobodys_hash(cost))
        return False

    def _prepared(self, password: str) -> bytes:
        """44 bytes whatever the length: bcrypt itself takes no more than 72, and none that are zero.

        NFKC first (NIST SP 800-63B, 3.1.1.2): keyboards differ in how they write the same character.
        """
        normal = unicodedata.normalize("NFKC", password).encode()
        return base64.b64encode(hmac.new(self._pepper, normal, hashlib.sha256).digest())

    async def _in_thread(self, function: Callable[[bytes, bytes], T], first: bytes, second: bytes) -> T:
        if self._limiter is None:
            self._limiter = CapacityLimiter(os.cpu_count() or 1)
        return await to_thread.run_sync(function, first, second, limiter=self._limiter)


def _cost(password_hash: bytes) -> int:
    """Of `$2b$12$…` it is 12."""
    return int(password_hash.split(b"$")[2])


def _nobodys_hash(cost: int) -> bytes:
    """Of the right form and cost, and no hash of anything."""
    return bcrypt.gensalt(cost) + b"." * 31
