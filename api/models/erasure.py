"""What has to be erased yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Model


class Erasure(Model):
    """The erasure of a person from everything behind the application's tables. Done, it names nobody."""

    __tablename__ = "erasures"
    private_columns = frozenset({"emails", "unverified_emails", "anonymous_ids", "session_ids"})

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_id: Mapped[UUID | None]
    tombstone_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    emails: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    # Anybody can register with anybody's address: by these nobody is looked for in data of others.
    unverified_emails: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    anonymous_ids: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    session_ids: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    remaining: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    completed_at: Mapped[datetime | None]
