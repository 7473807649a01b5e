"""The inbox of messages: each stored once, claimed by one worker at a time, tried again later when it fails."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncWriteSession
from api.lane import retry_delay, storable_error
from api.models import WebhookMessage

# Whoever claimed a message longer ago than this is taken for dead. One that is only slow has it handled twice, which is
# harmless.
CLAIM = timedelta(seconds=60)


@dataclass(frozen=True)
class Claimed:
    """A message to handle. `attempt` counts from 1."""

    id: int
    external_id: str
    event_type: str
    payload: dict[str, Any]
    attempt: int


async def store(session: AsyncWriteSession, source: str, event: dict[str, Any], body: bytes) -> bool:
    """Keep a message as it came; whether it came for the first time."""
    stored = (
        insert(WebhookMessage)
        .values(source=source, external_id=event["id"], event_type=event["type"], body=body, payload=event)
        .on_conflict_do_nothing(index_elements=["source", "external_id"])
        .returning(WebhookMessage.id)
    )
    return await session.scalar(stored) is not None


async def claim(session: AsyncWriteSession) -> Claimed | None:
    """The message that is due longest, for the caller alone."""
    due = (
        select(WebhookMessage.id)
        .where(WebhookMessage.handled_at.is_(None), WebhookMessage.next_attempt_at <= func.now())
        .order_by(WebhookMessage.next_attempt_at, WebhookMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claimed = (
        update(WebhookMessage)
        .where(WebhookMessage.id == due)
        .values(next_attempt_at=func.now() + CLAIM, attempt_count=WebhookMessage.attempt_count + 1)
        .returning(
            WebhookMessage.id,
            WebhookMessage.external_id,
            WebhookMessage.event_type,
            WebhookMessage.payload,
            WebhookMessage.attempt_count.label("attempt"),
        )
    )
    row = (await session.execute(claimed)).one_or_none()
    return Claimed(**row._mapping) if row is not None else None


async def finish(session: AsyncWriteSession, message: Claimed) -> None:
    """The message is handled; in the transaction that did what it asked for."""
    done = update(WebhookMessage).where(WebhookMessage.id == message.id)
    await session.execute(done.values(handled_at=func.now(), last_error=None))


async def postpone(session: AsyncWriteSession, message: Claimed, error: str) -> None:
    """The attempt failed: the next one comes later, after twice the time of the one before."""
    failed = update(WebhookMessage).where(WebhookMessage.id == message.id, WebhookMessage.handled_at.is_(None))
    next_at = func.now() + retry_delay(message.attempt)
    await session.execute(failed.values(next_attempt_at=next_at, last_error=storable_error(error)))


async def release(session: AsyncWriteSession, message: Claimed) -> None:
    """The attempt was broken off: it did not count, and the next one may come at once."""
    unfinished = update(WebhookMessage).where(WebhookMessage.id == message.id, WebhookMessage.handled_at.is_(None))
    await session.execute(unfinished.values(next_attempt_at=func.now(), attempt_count=message.attempt - 1))


async def seconds_until_next(session: AsyncSession) -> float | None:
    """How long until a message is due, 0 when one is; None when none waits."""
    wanted = select(func.extract("epoch", func.min(WebhookMessage.next_attempt_at) - func.now())).where(
        WebhookMessage.handled_at.is_(None)
    )
    seconds = await session.scalar(wanted)
    return None if seconds is None else max(0.0, float(seconds))
