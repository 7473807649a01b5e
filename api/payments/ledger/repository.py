"""Rows of the ledger, and how far it was read: one reader at a time, continued by the next one where it stopped."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.database import AsyncWriteSession
from api.lane import retry_delay, storable_error
from api.models import BalanceTransaction, LedgerPosition
from api.payments.repository import PROVIDER_STRIPE
from api.payments.stripe_object import Booking

# Whoever claimed the ledger longer ago is taken for dead. One that is only slow reads what another reads too.
CLAIM = timedelta(seconds=60)
# Read this often when no message asks for it: payouts and Stripe's own fees come without one of ours.
INTERVAL = timedelta(minutes=15)

_IS_STRIPE = LedgerPosition.provider == PROVIDER_STRIPE


@dataclass(frozen=True)
class Walk:
    """A claim to read the next page: back from `after`, or from the newest, to what was booked at `read_through`."""

    claim_number: int
    failure_count: int
    read_through: datetime | None
    began_at: datetime
    after: str | None


async def wake(session: AsyncWriteSession) -> None:
    """Say that something may have been booked; in the transaction that learned it."""
    woken = insert(LedgerPosition).values(provider=PROVIDER_STRIPE, woken_at=func.clock_timestamp())
    await session.execute(
        woken.on_conflict_do_update(index_elements=["provider"], set_={"woken_at": func.clock_timestamp()})
    )


async def claim(session: AsyncWriteSession) -> Walk | None:
    """The right to read the next page, for the caller alone; None when nothing is due."""
    await session.execute(insert(LedgerPosition).values(provider=PROVIDER_STRIPE).on_conflict_do_nothing())
    now = func.clock_timestamp()
    claimed = (
        update(LedgerPosition)
        .where(_IS_STRIPE, _due_at() <= now)
        .values(
            claim_number=LedgerPosition.claim_number + 1,
            claimed_until=now + CLAIM,
            walk_began_at=func.coalesce(LedgerPosition.walk_began_at, now),
        )
        .returning(
            LedgerPosition.claim_number,
            LedgerPosition.failure_count,
            LedgerPosition.read_through,
            LedgerPosition.walk_began_at.label("began_at"),
            LedgerPosition.walk_after.label("after"),
        )
    )
    row = (await session.execute(claimed)).one_or_none()
    return Walk(**row._mapping) if row is not None else None


async def store(session: AsyncWriteSession, bookings: Sequence[Booking]) -> None:
    """Keep what is not kept yet. What was booked never changes, so what is kept stays."""
    if bookings:
        rows = [asdict(booking) for booking in bookings]
        await session.execute(insert(BalanceTransaction).values(rows).on_conflict_do_nothing(index_elements=["id"]))


async def go_on(session: AsyncWriteSession, walk: Walk, *, after: str) -> None:
    """A page is stored and there is more: the next page may be read at once."""
    await _release(session, walk, walk_after=after, next_read_at=func.now(), failure_count=0, last_error=None)


async def finish(session: AsyncWriteSession, walk: Walk) -> None:
    """The walk has come to what was read before."""
    await _release(
        session, walk, read_through=walk.began_at, walk_began_at=None, walk_after=None,
        next_read_at=func.now() + INTERVAL, failure_count=0, last_error=None,
    )  # fmt: skip


async def postpone(session: AsyncWriteSession, walk: Walk, error: str, *, is_walk_lost: bool) -> None:
    """The page could not be read: it is tried again later. A walk whose place is lost begins anew."""
    place = {"walk_began_at": None, "walk_after": None} if is_walk_lost else {}
    await _release(
        session, walk, next_read_at=func.now() + retry_delay(walk.failure_count + 1),
        failure_count=walk.failure_count + 1, last_error=storable_error(error), **place,
    )  # fmt: skip


async def release(session: AsyncWriteSession, walk: Walk) -> None:
    """The attempt was broken off: the next one may come at once."""
    await _release(session, walk, next_read_at=func.now())


async def seconds_until_next(session: AsyncSession) -> float | None:
    """How long until a page is due, 0 when one is; None before anybody asked for one."""
    wanted = select(func.extract("epoch", _due_at() - func.clock_timestamp())).where(_IS_STRIPE)
    seconds = await session.scalar(wanted)
    return None if seconds is None else max(0.0, float(seconds))


async def _release(session: AsyncWriteSession, walk: Walk, **values: object) -> None:
    """Give the claim back with what came of it, unless another has it by now."""
    is_ours = LedgerPosition.claim_number == walk.claim_number
    await session.execute(update(LedgerPosition).where(_IS_STRIPE, is_ours).values(claimed_until=None, **values))


def _due_at() -> ColumnElement[datetime]:
    # Woken after the last walk began, it is due at once; but after a failure not before its time.
    began_at = func.coalesce(LedgerPosition.read_through, LedgerPosition.woken_at - CLAIM)
    is_woken = (LedgerPosition.failure_count == 0) & (LedgerPosition.woken_at > began_at)
    wanted_at = case((is_woken, LedgerPosition.woken_at), else_=LedgerPosition.next_read_at)
    return func.greatest(wanted_at, LedgerPosition.claimed_until)
