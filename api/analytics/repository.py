"""Queries over the application database that analytics needs. Figures come from the marts."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select

from api.database import AsyncReadSession
from api.models import Prompt


async def find_known_prompts(session: AsyncReadSession, ids: Collection[UUID], organization_id: UUID) -> set[UUID]:
    """Those of the prompts that the organization can know of: its own, and all that ever were on the market."""
    found = await session.scalars(
        select(Prompt.id).where(
            Prompt.id.in_(ids), or_(Prompt.status != "draft", Prompt.seller_organization_id == organization_id)
        )
    )
    return set(found.all())


async def find_seller(session: AsyncReadSession, prompt_id: UUID) -> UUID | None:
    """The organization that sells a prompt; None when there is no such prompt."""
    return await session.scalar(select(Prompt.seller_organization_id).where(Prompt.id == prompt_id))
