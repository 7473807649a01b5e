"""Idempotency keys: the answer to the first request is the answer to all that repeat it.

See https://docs.stripe.com/api/idempotent_requests.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulators.stripe.database import Database
from simulators.stripe.error import IdempotencyKeyInUse, IdempotencyMismatch, InvalidParameter
from simulators.stripe.form import Pairs

KEY_LIFETIME_SECONDS = 24 * 60 * 60
MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class KeyedRequest:
    """A request with an idempotency key, reduced to what makes it the same request again."""

    key: str
    method: str
    path: str
    fingerprint: str

    @classmethod
    def of(cls, key: str, method: str, path: str, pairs: Pairs) -> "KeyedRequest":
        """Parameters in another order are the same request."""
        if len(key) > MAX_KEY_LENGTH:
            raise InvalidParameter(
                f"Idempotency keys are at most {MAX_KEY_LENGTH} characters; this one has {len(key)}."
            )
        fingerprint = hashlib.sha256(json.dumps(sorted(pairs)).encode()).hexdigest()
        return cls(key, method, path, fingerprint)


@dataclass(frozen=True)
class StoredAnswer:
    """What was answered to the first request with a key."""

    request_id: str
    status: int
    body: bytes


class IdempotencyStore:
    """Remembers answers by key for a day, over restarts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._under_way: set[str] = set()
        self._database.execute("delete from idempotency_keys where created <= ?", (self._expired_at(),))

    @staticmethod
    def _expired_at() -> int:
        return int(time.time()) - KEY_LIFETIME_SECONDS

    def find(self, request: KeyedRequest) -> StoredAnswer | None:
        """The answer kept for this key. Raises ``IdempotencyMismatch`` when the key belongs to another request."""
        row = self._database.execute(
            "select * from idempotency_keys where key = ? and created > ?", (request.key, self._expired_at())
        ).fetchone()
        if row is None:
            return None
        hint = f"Try using a key other than '{request.key}' if you meant to execute a different request."
        if (row["method"], row["path"]) != (request.method, request.path):
            raise IdempotencyMismatch(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{request.path}' vs '{row['path']}'). {hint}"
            )
        if row["fingerprint"] != request.fingerprint:
            raise IdempotencyMismatch(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"{hint}"
            )
        return StoredAnswer(row["request_id"], row["status"], row["body"])

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """Hold the key while its request is executed; raises ``IdempotencyKeyInUse`` when another holds it."""
        if key in self._under_way:
            raise IdempotencyKeyInUse(key)
        self._under_way.add(key)
        try:
            yield
        finally:
            self._under_way.discard(key)

    def keep(self, request: KeyedRequest, answer: StoredAnswer) -> None:
        """Remember the answer; called in the transaction that executed the request."""
        self._database.execute(
            "insert or replace into idempotency_keys "
            "(key, method, path, fingerprint, request_id, status, body, created) values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                request.key,
                request.method,
                request.path,
                request.fingerprint,
                answer.request_id,
                answer.status,
                answer.body,
                int(time.time()),
            ),
        )
