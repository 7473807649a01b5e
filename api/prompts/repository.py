"""Queries over prompts and their versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, exists, false, func, or_, select

from api.database import AsyncReadSession, AsyncWriteSession
from api.models import Entitlement, Order, Organization, Prompt, PromptStatistics, PromptVersion, Seller

# A company that has put nothing on the market yet is known to itself alone.
SELLER_NAME = func.coalesce(Seller.name, Organization.name)


@dataclass(frozen=True)
class Sight:
    """A prompt as one organization sees it."""

    prompt: Prompt
    seller_name: str
    is_accessible: bool


def accessible_to(organization_id: UUID | None) -> ColumnElement[bool]:
    """Whether the organization may read and use a prompt's text: it sells it, or holds an entitlement that stands."""
    if organization_id is None:
        return false()
    entitled = exists().where(
        Entitlement.prompt_id == Prompt.id,
        Entitlement.organization_id == organization_id,
        Entitlement.revoked_at.is_(None),
    )
    return or_(Prompt.seller_organization_id == organization_id, entitled)


def visible_to(organization_id: UUID | None) -> ColumnElement[bool]:
    """Whether the organization may know of a prompt: everybody of published ones. The tenant scope of all reads."""
    return or_(Prompt.status == "published", accessible_to(organization_id))


async def find_visible(
    session: AsyncReadSession | AsyncWriteSession, prompt_id: UUID, organization_id: UUID | None
) -> Sight | None:
    """A prompt this organization may know of."""
    found = await session.execute(
        select(Prompt, SELLER_NAME, accessible_to(organization_id))
        .outerjoin(Seller, Prompt.seller_organization_id == Seller.id)
        .outerjoin(Organization, Prompt.seller_organization_id == Organization.id)
        .where(Prompt.id == prompt_id, visible_to(organization_id))
    )
    row = found.one_or_none()
    return Sight(row[0], row[1], bool(row[2])) if row else None


async def find_owned(session: AsyncReadSession, prompt_id: UUID, organization_id: UUID) -> Prompt | None:
    """A prompt this organization sells."""
    return await session.scalar(_owned(prompt_id, organization_id))


async def lock_owned(session: AsyncWriteSession, prompt_id: UUID, organization_id: UUID) -> Prompt | None:
    """The same, locked until the unit of work ends: changes of one prompt happen one after the other."""
    return await session.scalar(_owned(prompt_id, organization_id).with_for_update())


def _owned(prompt_id: UUID, organization_id: UUID) -> Select[Prompt]:
    return select(Prompt).where(Prompt.id == prompt_id, Prompt.seller_organization_id == organization_id)


async def list_owned(
    session: AsyncReadSession, organization_id: UUID, *, status: str | None, before: UUID | None, limit: int
) -> Sequence[Prompt]:
    """Prompts an organization sells, the newest ids first, from the one after `before`."""
    query = select(Prompt).where(Prompt.seller_organization_id == organization_id)
    if status is not None:
        query = query.where(Prompt.status == status)
    if before is not None:
        query = query.where(Prompt.id < before)
    return (await session.scalars(query.order_by(Prompt.id.desc()).limit(limit))).all()


async def find_version(
    session: AsyncReadSession | AsyncWriteSession, prompt_id: UUID, version: int
) -> PromptVersion | None:
    """One version of a prompt."""
    return await session.scalar(
        select(PromptVersion).where(PromptVersion.prompt_id == prompt_id, PromptVersion.version == version)
    )


async def list_versions(
    session: AsyncReadSession, prompt_id: UUID, *, below: int | None, limit: int
) -> Sequence[PromptVersion]:
    """Versions of a prompt, the newest first, from the one under number `below`."""
    query = select(PromptVersion).where(PromptVersion.prompt_id == prompt_id)
    if below is not None:
        query = query.where(PromptVersion.version < below)
    return (await session.scalars(query.order_by(PromptVersion.version.desc()).limit(limit))).all()


@dataclass(frozen=True)
class ListedVersion:
    """A version as those see it who may not read its text."""

    version: int
    created_at: datetime
    template: None = None
    variables: None = None
    change_note: None = None


async def list_version_numbers(
    session: AsyncReadSession, prompt_id: UUID, *, below: int | None, limit: int
) -> Sequence[ListedVersion]:
    """Versions of a prompt on the market without what is sold, the newest first, from the one under number `below`."""
    listed = func.listed_versions(prompt_id, below, limit).table_valued("version", "created_at")
    return [ListedVersion(**row._mapping) for row in await session.execute(select(listed))]


async def has_orders(session: AsyncWriteSession, prompt_id: UUID) -> bool:
    """Whether anybody ever ordered the prompt, whatever became of it."""
    return bool(await session.scalar(select(exists().where(Order.prompt_id == prompt_id))))


async def delete_prompt(session: AsyncWriteSession, prompt: Prompt) -> None:
    """Delete a prompt with its versions."""
    await session.execute(delete(PromptVersion).where(PromptVersion.prompt_id == prompt.id))
    await session.execute(delete(PromptStatistics).where(PromptStatistics.prompt_id == prompt.id))
    await session.delete(prompt)
    await session.flush()


async def seller_name(session: AsyncReadSession | AsyncWriteSession, organization_id: UUID) -> str:
    """The name of an organization."""
    return (await session.scalars(select(Organization.name).where(Organization.id == organization_id))).one()
