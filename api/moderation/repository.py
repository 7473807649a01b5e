"""Queries over decisions and appeals."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncReadSession, AsyncWriteSession
from api.models import Appeal, Decision, Organization, Prompt, Review, User


def _decisions() -> Select[Decision, Appeal]:
    return select(Decision, Appeal).outerjoin(Appeal, Appeal.decision_id == Decision.id)


async def list_decisions(
    session: AsyncReadSession,
    *,
    organization_id: UUID | None,
    kind: str | None,
    status: str | None,
    has_open_appeal: bool | None,
    before: UUID | None,
    limit: int,
) -> Sequence[tuple[Decision, Appeal | None]]:
    """Decisions with their appeals, the newest ids first; of one organization or of all."""
    wanted = _decisions().order_by(Decision.id.desc()).limit(limit)
    if organization_id is not None:
        wanted = wanted.where(Decision.organization_id == organization_id)
    if kind is not None:
        wanted = wanted.where(Decision.kind == kind)
    if status is not None:
        wanted = wanted.where(Decision.status == status)
    if has_open_appeal is not None:
        is_open = func.coalesce(Appeal.status == "open", False)
        wanted = wanted.where(is_open if has_open_appeal else ~is_open)
    if before is not None:
        wanted = wanted.where(Decision.id < before)
    return [(row[0], row[1]) for row in await session.execute(wanted)]


async def find_decision(
    session: AsyncReadSession, decision_id: UUID, *, organization_id: UUID | None
) -> tuple[Decision, Appeal | None] | None:
    """A decision with its appeal; only one against the organization, if one is named."""
    wanted = _decisions().where(Decision.id == decision_id)
    if organization_id is not None:
        wanted = wanted.where(Decision.organization_id == organization_id)
    row = (await session.execute(wanted)).one_or_none()
    return (row[0], row[1]) if row else None


async def lock_decision(session: AsyncWriteSession, decision_id: UUID) -> Decision | None:
    """A decision nobody else ends until the unit of work ends."""
    return await session.scalar(select(Decision).where(Decision.id == decision_id).with_for_update())


async def find_appeal(session: AsyncSession, decision_id: UUID) -> Appeal | None:
    """The appeal against a decision."""
    return await session.scalar(select(Appeal).where(Appeal.decision_id == decision_id))


async def get_appeal(session: AsyncWriteSession, appeal_id: UUID) -> Appeal | None:
    """An appeal by its own id."""
    return await session.get(Appeal, appeal_id)


async def lock_prompt(session: AsyncWriteSession, prompt_id: UUID) -> Prompt | None:
    """A prompt nobody else changes until the unit of work ends."""
    return await session.scalar(select(Prompt).where(Prompt.id == prompt_id).with_for_update())


async def lock_review(session: AsyncWriteSession, review_id: UUID) -> Review | None:
    """A review nobody else changes until the unit of work ends."""
    return await session.scalar(select(Review).where(Review.id == review_id).with_for_update())


async def find_organization(session: AsyncSession, organization_id: UUID) -> Organization | None:
    """An organization."""
    return await session.get(Organization, organization_id)


async def find_takedown(session: AsyncSession, prompt_id: UUID) -> UUID | None:
    """The decision that keeps a prompt off the market."""
    return await session.scalar(
        select(Decision.id).where(
            Decision.prompt_id == prompt_id, Decision.kind == "prompt_takedown", Decision.status == "in_force"
        )
    )


async def find_money_hold(session: AsyncSession, organization_id: UUID) -> UUID | None:
    """The decision that holds an organization's money now."""
    lasts = or_(Decision.ends_at.is_(None), Decision.ends_at > func.now())
    return await session.scalar(
        select(Decision.id).where(
            Decision.organization_id == organization_id,
            Decision.kind == "money_hold",
            Decision.status == "in_force",
            lasts,
        )
    )


async def lock_expired(
    session: AsyncWriteSession, kind: str, organization_id: UUID, prompt_id: UUID | None
) -> Decision | None:
    """A hold of this kind on the same target whose time is over, though nobody ended it."""
    return await session.scalar(
        select(Decision)
        .where(
            Decision.kind == kind,
            Decision.organization_id == organization_id,
            Decision.prompt_id.is_not_distinct_from(prompt_id),
            Decision.status == "in_force",
            Decision.ends_at <= func.now(),
        )
        .with_for_update()
    )


async def list_people(session: AsyncSession, organization_id: UUID) -> Sequence[UUID]:
    """Those to tell of what concerns an organization: its owners, or all who can log in where none of them owns it."""
    wanted = select(User.id, User.is_owner).where(
        User.organization_id == organization_id, User.is_active, User.email.is_not(None)
    )
    people = (await session.execute(wanted.order_by(User.id))).all()
    return [person.id for person in people if person.is_owner] or [person.id for person in people]


async def find_email(session: AsyncReadSession, user_id: UUID) -> str | None:
    """The address of a user."""
    return await session.scalar(select(User.email).where(User.id == user_id))
