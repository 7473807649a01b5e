"""One sending of a write under a key, and the answers that are kept."""

import hashlib
import re
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from starlette.types import Message, Scope, Send

from api.idempotency.errors import IdempotencyKeyMalformed

WELL_FORMED = re.compile(rb"[\x20-\x7e]{1,255}")
ANSWER_MAX_BYTES = 4 * 1024 * 1024
KEPT_HEADERS = frozenset({b"content-type", b"etag", b"location", b"cache-control", b"www-authenticate"})
# Such as tokens and API keys: everything these routes answer may be one.
SECRET_PREFIX = "/api/v1/auth"  # nosec B105
# What a buyer confirms a payment with.
SECRET_MEMBER = b'"client_secret":"'
PAYMENT_REQUIRED = 402
NO_CONTENT = 204


@dataclass
class Attempt:
    """Who sent what under which key. `claim_id` tells this sending from others of the same."""

    caller: str
    key: str
    fingerprint: bytes
    is_secret: bool
    claim_id: UUID = field(default_factory=uuid4)
    # Set when the answer was written by the transaction that had the effect.
    is_recorded: bool = False

    @classmethod
    def of(cls, scope: Scope, *, caller: str, key: bytes, body: bytes) -> "Attempt":
        """The attempt a request is. Raises `IdempotencyKeyMalformed`."""
        key = key.strip()
        if not WELL_FORMED.fullmatch(key):
            raise IdempotencyKeyMalformed
        asked = b"\x00".join(
            (scope["method"].encode(), scope["path"].encode("utf-8", "replace"), scope["query_string"])
        )
        return cls(
            caller=caller,
            key=key.decode("ascii"),
            fingerprint=hashlib.sha256(asked + b"\x00" + body).digest(),
            is_secret=scope["path"].startswith(SECRET_PREFIX),
        )


@dataclass
class Answer:
    """An answer, as far as it is kept. The body is None when it was withheld."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes | None = b""

    async def take(self, message: Message) -> None:
        """Take the next message of the application instead of sending it."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body = (self.body or b"") + message.get("body", b"")

    async def send(self, send: Send, *, is_replay: bool) -> None:
        """Send it."""
        body, headers = self.body or b"", list(self.headers)
        if is_replay:
            headers.append((b"idempotency-replayed", b"true"))
            if self.status != NO_CONTENT:
                headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @property
    def is_keepable(self) -> bool:
        """Whether it stands for an effect: a success, or a payment that was tried.

        Every other refusal changed nothing, so it may be asked again, corrected, under the same key.
        """
        has_effect = 200 <= self.status < 300 or self.status == PAYMENT_REQUIRED
        return has_effect and len(self.body or b"") <= ANSWER_MAX_BYTES

    def holds_secret(self, attempt: Attempt) -> bool:
        """Whether the body may not be written down."""
        return attempt.is_secret or SECRET_MEMBER in (self.body or b"")

    def kept_headers(self) -> dict[str, str]:
        """The headers that belong to the answer rather than to its sending."""
        return {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self.headers
            if name.lower() in KEPT_HEADERS
        }
