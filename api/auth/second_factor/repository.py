"""Queries over second factors."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncWriteSession
from api.models import RecoveryCode, SecondFactor

# Of a million codes three are right at a time: somebody who has the password already gets no closer than this.
FAILURES_MAX = 10
BLOCKED_FOR = timedelta(minutes=15)


async def has_second_factor(session: AsyncSession, user_id: UUID) -> bool:
    """Whether a log-in of the user needs a code."""
    confirmed = exists().where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    return bool(await session.scalar(select(confirmed)))


async def find(session: AsyncSession, user_id: UUID) -> SecondFactor | None:
    """The user's second factor, confirmed or not."""
    return await session.scalar(
        select(SecondFactor).where(SecondFactor.user_id == user_id).execution_options(populate_existing=True)
    )


async def begin(session: AsyncWriteSession, user_id: UUID, secret: bytes) -> bool:
    """Keep a secret that is not confirmed yet, in place of an earlier one; whether there is none that is confirmed."""
    kept = insert(SecondFactor).values(user_id=user_id, secret=secret)
    kept = kept.on_conflict_do_update(
        index_elements=["user_id"],
        set_={"secret": secret, "created_at": func.now(), "last_step": None},
        where=SecondFactor.confirmed_at.is_(None),
    )
    return await session.scalar(kept.returning(SecondFactor.user_id)) is not None


async def confirm(session: AsyncWriteSession, user_id: UUID) -> None:
    """Ask for codes from now on."""
    await session.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(confirmed_at=func.now()))


async def replace_recovery_codes(session: AsyncWriteSession, user_id: UUID, code_hashes: Sequence[bytes]) -> None:
    """Take these recovery codes from now on, and none of those before."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(user_id=user_id, code_hash=code_hash) for code_hash in code_hashes)
    await session.flush()


async def accept_step(session: AsyncWriteSession, user_id: UUID, step: int) -> bool:
    """Take the code of a time step; False when it, or a later one, was taken already."""
    taken = (
        update(SecondFactor)
        .where(SecondFactor.user_id == user_id, or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step))
        .values(last_step=step, failure_count=0)
        .returning(SecondFactor.user_id)
    )
    return await session.scalar(taken) is not None


async def use_recovery_code(session: AsyncWriteSession, user_id: UUID, code_hash: bytes) -> bool:
    """Use a recovery code up; False when there is none that could be."""
    used = (
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None))
        .values(used_at=func.now())
        .returning(RecoveryCode.user_id)
    )
    return await session.scalar(used) is not None


async def is_blocked(session: AsyncSession, user_id: UUID) -> bool:
    """Whether there were too many wrong codes just now."""
    blocked = exists().where(SecondFactor.user_id == user_id, SecondFactor.blocked_until > func.now())
    return bool(await session.scalar(select(blocked)))


async def count_failure(session: AsyncWriteSession, user_id: UUID) -> None:
    """Count a wrong code; after several in a row none is taken for a while."""
    is_last = SecondFactor.failure_count + 1 >= FAILURES_MAX
    await session.execute(
        update(SecondFactor)
        .where(SecondFactor.user_id == user_id)
        .values(
            failure_count=case((is_last, 0), else_=SecondFactor.failure_count + 1),
            blocked_until=case((is_last, func.now() + BLOCKED_FOR), else_=SecondFactor.blocked_until),
        )
    )


async def remove(session: AsyncWriteSession, user_id: UUID) -> None:
    """Ask for no code any more."""
    await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
