"""Queries over invitations."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncWriteSession
from api.models import Invitation, Organization, User


def _is_open() -> tuple[ColumnElement[bool], ...]:
    return (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))


async def add(
    session: AsyncWriteSession,
    organization_id: UUID,
    inviter_id: UUID,
    *,
    email: str,
    role: str,
    lifetime: timedelta,
) -> Invitation | None:
    """A new invitation into an organization; None when the address has an open one."""
    made = (
        insert(Invitation)
        .values(
            organization_id=organization_id,
            email=email,
            role=role,
            invited_by_user_id=inviter_id,
            expires_at=func.now() + lifetime,
        )
        .on_conflict_do_nothing(
            index_elements=["organization_id", "email"],
            index_where=Invitation.accepted_at.is_(None) & Invitation.revoked_at.is_(None),
        )
        .returning(Invitation)
    )
    return (await session.scalars(made)).one_or_none()


async def count_open(session: AsyncSession, organization_id: UUID) -> int:
    """How many answers the organization waits for."""
    wanted = select(func.count()).where(Invitation.organization_id == organization_id, *_is_open())
    return await session.scalar(wanted) or 0


async def list_open(
    session: AsyncSession, organization_id: UUID, *, after_id: UUID | None, limit: int
) -> list[Invitation]:
    """Open invitations, the newest first."""
    wanted = select(Invitation).where(Invitation.organization_id == organization_id, *_is_open())
    if after_id is not None:
        wanted = wanted.where(Invitation.id < after_id)
    return list(await session.scalars(wanted.order_by(Invitation.id.desc()).limit(limit)))


async def lock_open(session: AsyncWriteSession, organization_id: UUID, invitation_id: UUID) -> Invitation | None:
    """An open invitation of the organization that nobody else changes until the end of the transaction."""
    wanted = select(Invitation).where(
        Invitation.id == invitation_id, Invitation.organization_id == organization_id, *_is_open()
    )
    return await session.scalar(wanted.with_for_update().execution_options(populate_existing=True))


async def find_open(session: AsyncSession, invitation_id: UUID) -> tuple[Invitation, Organization] | None:
    """An open invitation of whatever organization, with it."""
    wanted = (
        select(Invitation, Organization)
        .join(Organization, Organization.id == Invitation.organization_id)
        .where(Invitation.id == invitation_id, *_is_open())
    )
    row = (await session.execute(wanted)).one_or_none()
    return (row[0], row[1]) if row else None


async def accept(session: AsyncWriteSession, invitation_id: UUID) -> bool:
    """Close an invitation, because somebody joined; whether it was open."""
    accepted = update(Invitation).where(Invitation.id == invitation_id, *_is_open()).values(accepted_at=func.now())
    return await session.scalar(accepted.returning(Invitation.id)) is not None


async def add_member(session: AsyncWriteSession, invitation: Invitation, *, password_hash: str) -> User:
    """The user who accepted. Whoever read the mail has the address. Raises `IntegrityError` when it is taken."""
    user = User(
        organization_id=invitation.organization_id,
        email=invitation.email,
        email_verified_at=func.now(),
        password_hash=password_hash,
        role=invitation.role,
    )
    session.add(user)
    await session.flush()
    await session.refresh(user)
    return user
