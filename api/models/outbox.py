"""What is owed to the outside."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Model


class OutboxTask(Model):
    """Something to do outside of the database; gone when it is done. Holds ids and addresses, never a secret."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt_count: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_error: Mapped[str | None]
    # Set when it is not tried any more, until an operator says otherwise.
    given_up_at: Mapped[datetime | None]
