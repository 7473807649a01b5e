"""Queries over users and what they are known by."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncWriteSession
from api.models import Organization, User


async def find_user(session: AsyncSession, user_id: UUID) -> tuple[User, Organization] | None:
    """A user that may log in, with its organization."""
    wanted = (
        select(User, Organization)
        .join(Organization, Organization.id == User.organization_id)
        .where(User.id == user_id, User.is_active, User.email.is_not(None))
    )
    row = (await session.execute(wanted)).one_or_none()
    return (row[0], row[1]) if row else None


async def lock_user(session: AsyncWriteSession, user_id: UUID) -> User | None:
    """A user that may log in and that nobody else changes until the end of the transaction."""
    wanted = select(User).where(User.id == user_id, User.is_active, User.email.is_not(None))
    return await session.scalar(wanted.with_for_update().execution_options(populate_existing=True))


async def is_verified(session: AsyncSession, user_id: UUID) -> bool:
    """Whether the user showed that its e-mail is its own."""
    return await session.scalar(select(User.email_verified_at).where(User.id == user_id)) is not None


async def verify(session: AsyncWriteSession, user_id: UUID) -> None:
    """The user's e-mail is its own, from now on unless it was before."""
    await session.execute(
        update(User).where(User.id == user_id, User.email_verified_at.is_(None)).values(email_verified_at=func.now())
    )
