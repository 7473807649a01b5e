"""`/api/v1/marketplace/prompts/{id}/reviews`."""

from uuid import UUID

from fastapi import status

from api.dependencies import CurrentUser, OptionalUser, ReadSession, Tracker, WriteSession
from api.errors import LoginRequired, problem_responses
from api.marketplace.review import service
from api.marketplace.review.errors import OwnPromptNotReviewable
from api.marketplace.review.schemas import OwnReview, ReviewBody, ReviewDetail
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.prompts.errors import PromptNotFound, PromptNotPurchased
from api.routing import feature_router
from api.schema import Page

router = feature_router("marketplace", PromptNotFound)


@router.post(
    "/prompts/{prompt_id}/reviews",
    status_code=status.HTTP_201_CREATED,
    summary="Review a prompt you bought",
    responses=problem_responses(LoginRequired, PromptNotPurchased, OwnPromptNotReviewable),
)
async def submit(
    prompt_id: UUID, wanted: ReviewBody, user: CurrentUser, session: WriteSession, tracker: Tracker
) -> OwnReview:
    """One review a user and prompt: sent again it replaces the one before."""
    return await service.submit(session, tracker, user, prompt_id, wanted)


@router.get("/prompts/{prompt_id}/reviews", summary="What buyers think of a prompt")
async def list_shown(
    prompt_id: UUID,
    user: OptionalUser,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE_DEFAULT,
) -> Page[ReviewDetail]:
    """Public. The newest first."""
    return await service.list_shown(session, user, prompt_id, cursor=cursor, limit=limit)
