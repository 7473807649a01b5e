"""Queries over the outbox: each task is claimed by one worker at a time and tried again later when it fails."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncWriteSession
from api.lane import retry_delay, storable_error
from api.models import OutboxTask

# Whoever claimed a task longer ago than this is taken for dead; longer than a mail server or Stripe may take.
CLAIM = timedelta(seconds=120)


@dataclass(frozen=True)
class Claimed:
    """A task to do. `attempt` counts from 1."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempt: int


async def claim(session: AsyncWriteSession, kinds: Sequence[str]) -> Claimed | None:
    """The task of these kinds that is due longest, for the caller alone."""
    due = (
        select(OutboxTask.id)
        .where(OutboxTask.kind.in_(kinds), OutboxTask.given_up_at.is_(None), OutboxTask.next_attempt_at <= func.now())
        .order_by(OutboxTask.next_attempt_at, OutboxTask.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claimed = (
        update(OutboxTask)
        .where(OutboxTask.id == due)
        .values(next_attempt_at=func.now() + CLAIM, attempt_count=OutboxTask.attempt_count + 1)
        .returning(OutboxTask.id, OutboxTask.kind, OutboxTask.payload, OutboxTask.attempt_count.label("attempt"))
    )
    row = (await session.execute(claimed)).one_or_none()
    return Claimed(**row._mapping) if row is not None else None


async def finish(session: AsyncWriteSession, task: Claimed) -> None:
    """The task is done."""
    await session.execute(delete(OutboxTask).where(OutboxTask.id == task.id))


async def postpone(session: AsyncWriteSession, task: Claimed, error: str) -> None:
    """The attempt failed: the next one comes later, after about twice the time of the one before."""
    # A part of it is chance, so that what failed together does not come back together.
    delay = retry_delay(task.attempt) * random.uniform(0.5, 1.0)
    failed = update(OutboxTask).where(OutboxTask.id == task.id)
    await session.execute(failed.values(next_attempt_at=func.now() + delay, last_error=storable_error(error)))


async def give_up(session: AsyncWriteSession, task: Claimed, error: str) -> None:
    """The task is not tried any more."""
    failed = update(OutboxTask).where(OutboxTask.id == task.id)
    await session.execute(failed.values(given_up_at=func.now(), last_error=storable_error(error)))


async def release(session: AsyncWriteSession, task: Claimed) -> None:
    """The attempt was broken off: it did not count, and the next one may come at once."""
    unfinished = update(OutboxTask).where(OutboxTask.id == task.id)
    await session.execute(unfinished.values(next_attempt_at=func.now(), attempt_count=task.attempt - 1))


async def seconds_until_next(session: AsyncSession, kinds: Sequence[str]) -> float | None:
    """How long until a task of these kinds is due, 0 when one is; None when none waits."""
    wanted = select(func.extract("epoch", func.min(OutboxTask.next_attempt_at) - func.now())).where(
        OutboxTask.kind.in_(kinds), OutboxTask.given_up_at.is_(None)
    )
    seconds = await session.scalar(wanted)
    return None if seconds is None else max(0.0, float(seconds))


async def count_tasks(session: AsyncSession) -> tuple[int, int]:
    """How many tasks wait to be done, and how many were given up."""
    given_up = func.count(OutboxTask.given_up_at)
    row = (await session.execute(select(func.count() - given_up, given_up).select_from(OutboxTask))).one()
    return row[0], row[1]
