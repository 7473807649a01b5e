"""Queries over idempotency keys."""

from datetime import timedelta

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from api.database import AsyncReadSession, AsyncWriteSession
from api.idempotency.attempt import Answer, Attempt
from api.models import IdempotencyKey

# Longer than any request may take: whoever still holds a claim then is dead, or is fenced off by `claim_id`.
CLAIM_SECONDS = 90
KEPT_HOURS = 24


async def claim(session: AsyncWriteSession, attempt: Attempt, *, can_resume: bool) -> bool:
    """Make the key this attempt's, if it is nobody's; with `can_resume` also when its holder must be dead."""
    fresh = {
        "fingerprint": attempt.fingerprint,
        "claim_id": attempt.claim_id,
        "claimed_until": func.now() + timedelta(seconds=CLAIM_SECONDS),
        "answer_status": None,
        "answer_headers": None,
        "answer_body": None,
        "created_at": func.now(),
        "expires_at": func.now() + timedelta(hours=KEPT_HOURS),
    }
    is_free = IdempotencyKey.expires_at < func.now()
    if can_resume:
        is_abandoned = and_(
            IdempotencyKey.answer_status.is_(None),
            IdempotencyKey.claimed_until < func.now(),
            IdempotencyKey.fingerprint == attempt.fingerprint,
        )
        is_free = or_(is_free, is_abandoned)
    wanted = insert(IdempotencyKey).values(caller=attempt.caller, key=attempt.key, **fresh)
    made = await session.execute(
        wanted.on_conflict_do_update(index_elements=["caller", "key"], set_=fresh, where=is_free).returning(
            IdempotencyKey.claim_id
        )
    )
    return made.scalar_one_or_none() is not None


async def find(session: AsyncReadSession, attempt: Attempt) -> tuple[IdempotencyKey, bool] | None:
    """What became of the key, and whether somebody works on it now."""
    found = await session.execute(
        select(IdempotencyKey, IdempotencyKey.claimed_until > func.now()).where(
            IdempotencyKey.caller == attempt.caller, IdempotencyKey.key == attempt.key
        )
    )
    row = found.one_or_none()
    return (row[0], bool(row[1])) if row else None


async def record(session: AsyncWriteSession, attempt: Attempt, answer: Answer) -> bool:
    """Keep the answer; False when the claim is no longer this attempt's."""
    kept = await session.execute(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.caller == attempt.caller,
            IdempotencyKey.key == attempt.key,
            IdempotencyKey.claim_id == attempt.claim_id,
        )
        .values(
            answer_status=answer.status,
            answer_headers=answer.kept_headers(),
            answer_body=None if answer.holds_secret(attempt) else answer.body,
        )
        .returning(IdempotencyKey.claim_id)
    )
    return kept.scalar_one_or_none() is not None


async def release(session: AsyncWriteSession, attempt: Attempt) -> None:
    """Give the key back, unless it holds an answer."""
    await session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.caller == attempt.caller,
            IdempotencyKey.key == attempt.key,
            IdempotencyKey.claim_id == attempt.claim_id,
            IdempotencyKey.answer_status.is_(None),
        )
    )


async def delete_expired(session: AsyncWriteSession) -> None:
    """Forget what was kept long enough."""
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires_at < func.now()))
