"""What decisions do and undo. Holds do nothing here: whoever ranks or pays out asks for them."""

from datetime import UTC, datetime

from api.database import AsyncWriteSession
from api.models import Decision
from api.moderation import repository


async def undo(session: AsyncWriteSession, decision: Decision) -> None:
    """Put back what a decision that has just ended took away."""
    if decision.kind == "prompt_takedown" and decision.prompt_id is not None:
        prompt = await repository.lock_prompt(session, decision.prompt_id)
        if prompt is not None and decision.was_published:
            prompt.status = "published"
    elif decision.kind == "review_hiding" and decision.review_id is not None:
        review = await repository.lock_review(session, decision.review_id)
        if review is not None:
            review.hidden_at = None
    await session.flush()


async def take_down(session: AsyncWriteSession, decision: Decision) -> None:
    """Take a prompt off the market, remembering whether it was there."""
    assert decision.prompt_id is not None
    prompt = await repository.lock_prompt(session, decision.prompt_id)
    if prompt is not None and prompt.status == "published":
        prompt.status = "archived"
        decision.was_published = True


async def hide(session: AsyncWriteSession, decision: Decision) -> None:
    """Hide a review from others."""
    assert decision.review_id is not None
    review = await repository.lock_review(session, decision.review_id)
    if review is not None:
        review.hidden_at = datetime.now(UTC)
