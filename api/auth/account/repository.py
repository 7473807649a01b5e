"""Queries over users and organizations."""

from uuid import UUID

from sqlalchemy import select, update

from api.database import AsyncReadSession, AsyncWriteSession
from api.models import Organization, User


async def find_by_email(session: AsyncReadSession, email: str) -> User | None:
    """The user with this normalized e-mail."""
    return await session.scalar(select(User).where(User.email == email))


async def find_profile(session: AsyncReadSession, user_id: UUID) -> tuple[User, Organization] | None:
    """A user with its organization."""
    found = await session.execute(
        select(User, Organization).join(Organization, User.organization_id == Organization.id).where(User.id == user_id)
    )
    row = found.one_or_none()
    return (row[0], row[1]) if row else None


async def add_company(
    session: AsyncWriteSession, *, company_name: str, email: str, password_hash: str, role: str
) -> tuple[User, Organization]:
    """A new organization with its first user, its owner. Raises `IntegrityError` when the e-mail is taken."""
    organization = Organization(name=company_name)
    session.add(organization)
    await session.flush()
    user = User(organization_id=organization.id, email=email, password_hash=password_hash, role=role, is_owner=True)
    session.add(user)
    await session.flush()
    await session.refresh(user)
    return user, organization


async def renew_password_hash(session: AsyncWriteSession, user: User, password_hash: str) -> None:
    """Store another hash of the password the user has, unless somebody replaced the hash it was read with."""
    await session.execute(
        update(User)
        .where(User.id == user.id, User.password_hash == user.password_hash)
        .values(password_hash=password_hash)
        .execution_options(synchronize_session=False)
    )
