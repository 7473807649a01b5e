"""What belongs to the accounts of people: links that were mailed, invitations, second factors."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Identified, Model


class Invitation(Identified, Model):
    """Somebody who may join an organization."""

    __tablename__ = "invitations"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    email: Mapped[str]
    role: Mapped[str]
    invited_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AccountLink(Identified, Model):
    """A link that was mailed, good once. Its token is not here, only what it hashes to."""

    __tablename__ = "account_links"
    private_columns = frozenset({"token_hash", "bound_to"})

    purpose: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"))
    # Hash of what it was made for, such as the number of the password to be replaced: when that changes, the link is
    # worth nothing.
    bound_to: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class SecondFactor(Model):
    """The secret a user's authenticator app makes codes from (RFC 6238), encrypted."""

    __tablename__ = "second_factors"
    private_columns = frozenset({"secret"})

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Until a first code was shown it is not asked for.
    confirmed_at: Mapped[datetime | None]
    # The time step of the last code that was taken: neither it nor an earlier one is taken again.
    last_step: Mapped[int | None]
    failure_count: Mapped[int] = mapped_column(server_default=text("0"))
    blocked_until: Mapped[datetime | None]


class RecoveryCode(Model):
    """A code that stands in for the authenticator app, once."""

    __tablename__ = "recovery_codes"
    private_columns = frozenset({"code_hash"})

    user_id: Mapped[UUID] = mapped_column(ForeignKey("second_factors.user_id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]
