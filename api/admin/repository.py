"""Queries over users and organizations of the whole platform."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from api.database import AsyncReadSession, AsyncWriteSession
from api.models import Decision, Order, Organization, Prompt, User


async def list_users(
    session: AsyncReadSession,
    *,
    q: str | None,
    role: str | None,
    is_active: bool | None,
    organization_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> Sequence[tuple[User, str]]:
    """Users with the names of their organizations, the newest ids first."""
    wanted = _users().order_by(User.id.desc()).limit(limit)
    if q is not None:
        wanted = wanted.where(User.email.contains(q.lower(), autoescape=True))
    if role is not None:
        wanted = wanted.where(User.role == role)
    if is_active is not None:
        wanted = wanted.where(User.is_active.is_(is_active))
    if organization_id is not None:
        wanted = wanted.where(User.organization_id == organization_id)
    if before is not None:
        wanted = wanted.where(User.id < before)
    return [(row[0], row[1]) for row in await session.execute(wanted)]


async def find_user(session: AsyncReadSession | AsyncWriteSession, user_id: UUID) -> tuple[User, str] | None:
    """A user with the name of its organization."""
    row = (await session.execute(_users().where(User.id == user_id))).one_or_none()
    return (row[0], row[1]) if row else None


async def lock_user(session: AsyncWriteSession, user_id: UUID) -> User | None:
    """A user nobody else changes until the unit of work ends."""
    return await session.scalar(select(User).where(User.id == user_id).with_for_update())


async def lock_operators(session: AsyncWriteSession) -> set[UUID]:
    """Who looks after the platform. Operators that go at the same time wait for each other, in one order."""
    operators = await session.scalars(
        select(User.id)
        .where(User.role == "admin", User.is_active, User.email.is_not(None))
        .order_by(User.id)
        .with_for_update()
    )
    return set(operators)


async def list_organizations(
    session: AsyncReadSession, *, q: str | None, before: UUID | None, limit: int
) -> Sequence[Row[Organization, int, int, int, int]]:
    """Organizations with counts, the newest ids first."""
    wanted = _organizations().order_by(Organization.id.desc()).limit(limit)
    if q is not None:
        wanted = wanted.where(Organization.name.icontains(q, autoescape=True))
    if before is not None:
        wanted = wanted.where(Organization.id < before)
    return (await session.execute(wanted)).all()


async def find_organization(
    session: AsyncReadSession, organization_id: UUID
) -> Row[Organization, int, int, int, int] | None:
    """An organization with counts."""
    return (await session.execute(_organizations().where(Organization.id == organization_id))).one_or_none()


def _users() -> Select[User, str]:
    return select(User, Organization.name).join(Organization, Organization.id == User.organization_id)


def _organizations() -> Select[Organization, int, int, int, int]:
    users = select(func.count()).where(User.organization_id == Organization.id)
    prompts = select(func.count()).where(Prompt.seller_organization_id == Organization.id)
    orders = select(func.count()).where(Order.buyer_organization_id == Organization.id, Order.paid_at.is_not(None))
    decisions = select(func.count()).where(
        Decision.organization_id == Organization.id, Decision.status == "in_force"
    )  # fmt: skip
    counts = [each.correlate(Organization).scalar_subquery() for each in (users, prompts, orders, decisions)]
    return select(Organization, *counts)
