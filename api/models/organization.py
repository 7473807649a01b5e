"""Companies and the people in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Identified, Model, Timestamped


class Organization(Identified, Timestamped, Model):
    """A company that buys or sells."""

    __tablename__ = "organizations"

    name: Mapped[str]
    # Named by an import file; such a company has no log-in.
    external_id: Mapped[str | None] = mapped_column(unique=True)
    is_imported: Mapped[bool] = mapped_column(server_default=text("false"))
    stripe_customer_id: Mapped[str | None] = mapped_column(unique=True)
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class User(Identified, Timestamped, Model):
    """A person with a role in one organization."""

    __tablename__ = "users"
    private_columns = frozenset({"password_hash"})

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    email: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    # Which password it is, counted from 1; the hash of the same one changes when it is made more costly.
    password_generation: Mapped[int] = mapped_column(server_default=text("1"))
    role: Mapped[str]
    external_id: Mapped[str | None] = mapped_column(unique=True)
    email_verified_at: Mapped[datetime | None]
    # Owners manage their organization.
    is_owner: Mapped[bool] = mapped_column(server_default=text("false"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    # Set for a user without a name, to whom the orders of somebody who was erased belong.
    erased_at: Mapped[datetime | None]
    # By this alone the audit log knows the user.
    subject_id: Mapped[UUID] = mapped_column(unique=True, server_default=text("gen_random_uuid()"))
