"""Queries over organizations and their members."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, Text, cast, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncWriteSession
from api.models import AuditEntry, Organization, SecondFactor, User


@dataclass(frozen=True)
class MemberRow:
    """A member with what is shown beside it."""

    user: User
    has_second_factor: bool


async def find(session: AsyncSession, organization_id: UUID) -> tuple[Organization, int]:
    """An organization and how many may log in to it."""
    members = (
        select(func.count())
        .where(User.organization_id == organization_id, User.is_active, User.email.is_not(None))
        .scalar_subquery()
    )
    row = (await session.execute(select(Organization, members).where(Organization.id == organization_id))).one()
    return row[0], row[1]


async def lock(session: AsyncWriteSession, organization_id: UUID) -> Organization:
    """An organization whose members nobody else changes until the end of the transaction."""
    wanted = select(Organization).where(Organization.id == organization_id).with_for_update()
    return (await session.scalars(wanted.execution_options(populate_existing=True))).one()


async def is_owner(session: AsyncSession, organization_id: UUID, user_id: UUID) -> bool:
    """Whether the user manages the organization, now."""
    owner = exists().where(User.id == user_id, User.organization_id == organization_id, User.is_owner, User.is_active)
    return bool(await session.scalar(select(owner)))


async def has_other_owner(session: AsyncSession, organization_id: UUID, user_id: UUID) -> bool:
    """Whether anybody but this user manages the organization."""
    owner = exists().where(
        User.id != user_id,
        User.organization_id == organization_id,
        User.is_owner,
        User.is_active,
        User.email.is_not(None),
    )
    return bool(await session.scalar(select(owner)))


async def is_closed_by_platform(session: AsyncSession, user_id: UUID) -> bool:
    """Whether operators closed the user's account and did not open it again, as the audit log has it."""
    subject_id = select(User.subject_id).where(User.id == user_id).scalar_subquery()
    last_action = (
        select(AuditEntry.action)
        .where(
            AuditEntry.object_type == "user",
            AuditEntry.object_id == cast(subject_id, Text),
            AuditEntry.action.in_(["user.deactivated", "user.reactivated"]),
        )
        .order_by(AuditEntry.occurred_at.desc(), AuditEntry.id.desc())
        .limit(1)
    )
    return await session.scalar(last_action) == "user.deactivated"


async def first_heir(session: AsyncWriteSession, organization_id: UUID, user_id: UUID) -> User | None:
    """Who manages the organization after this user: the member who came first, of those who may log in."""
    heirs = select(User).where(
        User.organization_id == organization_id, User.id != user_id, User.is_active, User.email.is_not(None)
    )
    return await session.scalar(heirs.order_by(User.created_at, User.id).limit(1).with_for_update())


def _members(organization_id: UUID) -> Select[User, bool]:
    has_second_factor = exists().where(SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None))
    # Users named by an import file have no e-mail and no log-in.
    return select(User, has_second_factor).where(User.organization_id == organization_id, User.email.is_not(None))


async def find_member(session: AsyncSession, organization_id: UUID, user_id: UUID) -> MemberRow | None:
    """A member of the organization, as it is now."""
    wanted = _members(organization_id).where(User.id == user_id).execution_options(populate_existing=True)
    row = (await session.execute(wanted)).one_or_none()
    return MemberRow(row[0], row[1]) if row else None


async def list_members(
    session: AsyncSession, organization_id: UUID, *, after_id: UUID | None, limit: int
) -> list[MemberRow]:
    """Members, those who came first at the beginning."""
    wanted = _members(organization_id).order_by(User.id).limit(limit)
    if after_id is not None:
        wanted = wanted.where(User.id > after_id)
    return [MemberRow(row[0], row[1]) for row in await session.execute(wanted)]
