"""Queries over everything that names a user."""

from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.auth.recovery.repository import is_verified
from api.database import AsyncReadSession, AsyncWriteSession
from api.models import AuditOrigin, Erasure, Invitation, Organization, User
from api.own_data.holding import HOLDINGS, TECHNICAL, Holding
from warehouse.erasure.naming import OTHERS, text_pattern
from warehouse.erasure.rows import text_of_binary

ROWS_AT_ONCE = 500
# Not by a reference but by what they hold: kind, and the rows as JSON. `:user`, `:emails` and
# `:pattern` name the person; an e-mail that nobody verified does not: anybody can register with it.
FURTHER: Mapping[str, str] = {
    "users": "select to_jsonb(users) - '{password_hash,password_generation}'::text[] from users"
    " where id = cast(:user as uuid)",
    "organizations": "select to_jsonb(organizations) - 'stripe_customer_id' from organizations"
    " where id = (select organization_id from users where id = cast(:user as uuid))",
    "entitlements": "select to_jsonb(entitlements) from entitlements"
    " where order_id in (select id from orders where buyer_user_id = cast(:user as uuid))",
    "refresh_tokens": "select to_jsonb(refresh_tokens) from refresh_tokens"
    " where session_id in (select id from sessions where user_id = cast(:user as uuid))",
    "recovery_codes": "select to_jsonb(recovery_codes) - 'code_hash' from recovery_codes"
    " where user_id = cast(:user as uuid)",
    "invitations": "select to_jsonb(invitations) - 'invited_by_user_id' from invitations where email = any(:emails)",
    "refunds": "select to_jsonb(refunds) - '{stripe_refund_id,external_id}'::text[] from refunds"
    " where order_id in (select id from orders where buyer_user_id = cast(:user as uuid))",
    "audit_log": "select to_jsonb(audit_log) || jsonb_build_object('origin', to_jsonb(audit_origins))"
    " from audit_log left join audit_origins on audit_origins.entry_id = audit_log.id"
    " where actor_subject_id = (select subject_id from users where id = cast(:user as uuid))"
    " or object_type = 'user'"
    " and object_id = (select subject_id::text from users where id = cast(:user as uuid))",
    "outbox": "select to_jsonb(outbox) from outbox where payload::text ~* :pattern",
    "webhook_inbox": "select to_jsonb(webhook_inbox) - 'body' from webhook_inbox where payload::text ~* :pattern",
    "idempotency_keys": "select to_jsonb(idempotency_keys) - '{fingerprint,claim_id,answer_body}'::text[]"
    " from idempotency_keys where caller = 'user:' || :user",
    "quarantine": "select to_jsonb(quarantine) - '{fingerprint,raw}'::text[]"
    " || jsonb_build_object('raw', encode(raw, 'escape')) from quarantine"
    f" where {text_of_binary('raw')} ~* :pattern",  # nosec B608
}


async def read_holdings(
    session: AsyncReadSession, user_id: UUID, email: str
) -> AsyncIterator[tuple[str, Sequence[str]]]:
    """Every row about a user, a bounded number in memory at once: the table, and rows of it as JSON texts."""
    proven = [email] if await is_verified(session, user_id) else []
    words = [str(user_id), *proven]
    others = await session.scalars(text(OTHERS.format(words=":words")), {"words": words})
    pattern = text_pattern(words, list(others))
    parameters = {"user": str(user_id), "emails": proven, "pattern": pattern}
    statements = [*FURTHER.items(), *((holding.table, _rows_of(holding)) for holding in HOLDINGS)]
    for kind, statement in statements:
        as_text = f"select (held.data - '{{{','.join(TECHNICAL)}}}'::text[])::text from ({statement}) as held (data)"  # nosec B608
        rows = await session.stream_scalars(text(as_text).execution_options(yield_per=ROWS_AT_ONCE), parameters)
        async for part in rows.partitions():
            yield kind, part
        # Whoever writes them hears of each statement, also of one that found nothing.
        yield kind, ()


def _rows_of(holding: Holding) -> str:
    withheld = "".join(f" - '{name}'" for name in holding.withheld)
    return (
        f"select to_jsonb({holding.table}){withheld} from {holding.table}"  # nosec B608
        f" where {holding.column} = cast(:user as uuid)"
    )


async def lock_user(session: AsyncWriteSession, user_id: UUID) -> User | None:
    """A user nobody else changes until the unit of work ends."""
    return await session.scalar(
        select(User).where(User.id == user_id, User.erased_at.is_(None)).with_for_update()
    )  # fmt: skip


async def lock_organization_of(session: AsyncWriteSession, user_id: UUID) -> None:
    """Let nobody change the members of the user's organization until the unit of work ends."""
    own = select(User.organization_id).where(User.id == user_id).scalar_subquery()
    await session.execute(select(Organization.id).where(Organization.id == own).with_for_update())


async def add_tombstone(session: AsyncWriteSession, user: User) -> UUID:
    """A user without a name, in the same organization and role."""
    made = insert(User).values(
        organization_id=user.organization_id, role=user.role, is_active=False, erased_at=func.now()
    )  # fmt: skip
    return (await session.scalars(made.returning(User.id))).one()


async def has_rows(session: AsyncSession, holding: Holding, user_id: UUID) -> bool:
    """Whether a column names the user."""
    statement = f"select exists (select 1 from {holding.table} where {holding.column} = :user)"  # nosec B608
    return bool(await session.scalar(text(statement), {"user": user_id}))


async def erase_holding(
    session: AsyncWriteSession, holding: Holding, user_id: UUID, tombstone_id: UUID | None
) -> None:  # fmt: skip
    """Do to a column what is to be done to it."""
    where = f"where {holding.column} = :user"
    if holding.erasure == "delete":
        await session.execute(text(f"delete from {holding.table} {where}"), {"user": user_id})  # nosec B608
        return
    value = tombstone_id if holding.erasure == "replace" else None
    statement = f"update {holding.table} set {holding.column} = :value {where}"  # nosec B608
    await session.execute(text(statement), {"user": user_id, "value": value})


async def delete_user(session: AsyncWriteSession, user: User, *, with_invitations: bool) -> None:
    """Delete the user; from then on nobody knows who its entries of the audit log are about, and where it was goes.

    Invitations of its address are its own only when the address is known to be.
    """
    await session.execute(delete(User).where(User.id == user.id))
    if with_invitations:
        await session.execute(delete(Invitation).where(Invitation.email == user.email))
    await session.execute(delete(AuditOrigin).where(AuditOrigin.subject_id == user.subject_id))


async def list_erasures(
    session: AsyncReadSession, *, is_open: bool | None, before: UUID | None, limit: int
) -> list[Erasure]:
    """Erasures, the newest ids first, from the one after `before`."""
    wanted = select(Erasure).order_by(Erasure.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Erasure.id < before)
    if is_open is not None:
        wanted = wanted.where(Erasure.completed_at.is_(None) if is_open else Erasure.completed_at.is_not(None))
    return list(await session.scalars(wanted))
