"""Writing and reading reviews."""

from uuid import UUID

from api.auth.identity import Identity
from api.database import AsyncReadSession, AsyncWriteSession
from api.marketplace.review import repository
from api.marketplace.review.errors import OwnPromptNotReviewable
from api.marketplace.review.schemas import OwnReview, ReviewBody, ReviewDetail
from api.pagination import decode_id_cursor, encode_cursor
from api.prompts.errors import PromptNotFound, PromptNotPurchased
from api.prompts.repository import find_visible
from api.schema import Page
from api.tracker import Tracker


async def submit(
    session: AsyncWriteSession, tracker: Tracker, user: Identity, prompt_id: UUID, wanted: ReviewBody
) -> OwnReview:
    """The user's review of a prompt, new or changed; one that was hidden stays hidden.

    Raises `PromptNotFound`, `OwnPromptNotReviewable` or `PromptNotPurchased`.
    """
    sight = await find_visible(session, prompt_id, user.organization_id)
    if sight is None:
        raise PromptNotFound(prompt_id)
    if sight.prompt.seller_organization_id == user.organization_id:
        raise OwnPromptNotReviewable(prompt_id)
    if not sight.is_accessible:
        raise PromptNotPurchased(prompt_id)
    review = await repository.save(session, user, prompt_id, rating=wanted.rating, text=wanted.text)
    tracker.record("review.submitted", {"rating": wanted.rating}, prompt_id=prompt_id)
    return OwnReview.model_validate(review)


async def list_shown(
    session: AsyncReadSession, user: Identity | None, prompt_id: UUID, *, cursor: str | None, limit: int
) -> Page[ReviewDetail]:
    """The reviews of a prompt the caller may know of, the newest first. Raises `PromptNotFound`."""
    if await find_visible(session, prompt_id, user.organization_id if user else None) is None:
        raise PromptNotFound(prompt_id)
    rows = await repository.list_shown(session, prompt_id, before=decode_id_cursor(cursor), limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=[ReviewDetail.model_validate(row) for row in page],
        next_cursor=encode_cursor(str(page[-1].id)) if len(rows) > limit else None,
    )
