"""Queries over reviews."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from api.auth.identity import Identity
from api.database import AsyncReadSession, AsyncWriteSession
from api.models import Review


async def save(session: AsyncWriteSession, user: Identity, prompt_id: UUID, *, rating: int, text: str) -> Review:
    """The user's one review of a prompt, new or changed."""
    written = insert(Review).values(
        prompt_id=prompt_id, organization_id=user.organization_id, user_id=user.user_id, rating=rating, text=text
    )
    statement = written.on_conflict_do_update(
        index_elements=["prompt_id", "user_id"],
        set_={"rating": written.excluded.rating, "text": written.excluded.text},
    ).returning(Review)
    return (await session.scalars(statement, execution_options={"populate_existing": True})).one()


async def list_shown(
    session: AsyncReadSession, prompt_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[Review]:
    """Reviews of a prompt that are not hidden, the newest ids first, from the one after `before`."""
    wanted = select(Review).where(Review.prompt_id == prompt_id, Review.hidden_at.is_(None))
    if before is not None:
        wanted = wanted.where(Review.id < before)
    return (await session.scalars(wanted.order_by(Review.id.desc()).limit(limit))).all()
