"""Answers kept for requests that come again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Model


class IdempotencyKey(Model):
    """A key somebody sent with a write: claimed by the request that works on it, then holding its answer."""

    __tablename__ = "idempotency_keys"
    private_columns = frozenset({"answer_body"})

    # user:…, key:… or address:…
    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    # SHA-256 of method, path, query and body.
    fingerprint: Mapped[bytes]
    claim_id: Mapped[UUID]
    claimed_until: Mapped[datetime]
    # Null until there is an answer.
    answer_status: Mapped[int | None]
    answer_headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    # Null as well when the answer held a secret.
    answer_body: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
