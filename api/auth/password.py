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
        # Of the right form and cost, and no hash of anything.
        self._dummy = bcrypt.gensalt(bcrypt_cost) + b"." * 31

    async def hash(self, password: str) -> str:
        """The string to store."""
        hashed = await self._in_thread(bcrypt.hashpw, self._prepared(password), bcrypt.gensalt(self._cost))
        return hashed.decode("ascii")

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether this is the password. Without a hash it takes as long and is False: nobody learns who is known."""
        if password_hash is None:
            await self._in_thread(bcrypt.checkpw, self._prepared(password), self._dummy)
            return False
        return bool(await self._in_thread(bcrypt.checkpw, self._prepared(password), password_hash.encode("ascii")))

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
