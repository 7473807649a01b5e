"""Queries over sessions and their refresh tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, or_, select, union_all, update

from api.audit.context import Origin
from api.database import AsyncReadSession, AsyncWriteSession
from api.models import ApiKey, LoginSession, RefreshToken, User

is_live = and_(LoginSession.ended_at.is_(None), LoginSession.expires_at > func.now())


async def lock_unchanged(session: AsyncWriteSession, user: User) -> bool:
    """Whether the account is open and as it was read; until the commit it stays so."""
    found = await session.scalar(
        select(User.id)
        .where(
            User.id == user.id,
            User.is_active,
            User.role == user.role,
            User.password_generation == user.password_generation,
        )
        .with_for_update(read=True)
    )
    return found is not None


async def add(session: AsyncWriteSession, user: User, origin: Origin, *, expires_at: datetime) -> LoginSession:
    """A new session of a user."""
    added = LoginSession(
        user_id=user.id,
        organization_id=user.organization_id,
        address=origin.address,
        user_agent=origin.user_agent,
        expires_at=expires_at,
    )
    session.add(added)
    await session.flush()
    return added


async def add_refresh_token(
    session: AsyncWriteSession, owner: LoginSession, token_id: UUID, *, expires_at: datetime
) -> None:
    """A refresh token of a session, good once."""
    session.add(
        RefreshToken(id=token_id, session_id=owner.id, organization_id=owner.organization_id, expires_at=expires_at)
    )
    await session.flush()


async def lock_with_user(
    session: AsyncWriteSession, session_id: UUID, user_id: UUID
) -> tuple[LoginSession, User] | None:
    """A user's session; until the commit nobody else rotates its tokens or ends it."""
    found = await session.execute(
        select(LoginSession, User)
        .join(User, LoginSession.user_id == User.id)
        .where(LoginSession.id == session_id, User.id == user_id)
        .with_for_update(of=LoginSession)
    )
    row = found.one_or_none()
    return (row[0], row[1]) if row else None


async def use_refresh_token(session: AsyncWriteSession, session_id: UUID, token_id: UUID) -> bool:
    """Use a refresh token up. False when it was used before."""
    used = await session.scalar(
        update(RefreshToken)
        .where(RefreshToken.id == token_id, RefreshToken.session_id == session_id, RefreshToken.used_at.is_(None))
        .values(used_at=func.now())
        .returning(RefreshToken.id)
    )
    return used is not None


async def forget_expired_tokens(session: AsyncWriteSession, session_id: UUID) -> None:
    """Drop the refresh tokens that their own expiry refuses by now."""
    await session.execute(
        delete(RefreshToken).where(RefreshToken.session_id == session_id, RefreshToken.expires_at < func.now())
    )


async def forget_sessions(session: AsyncWriteSession, user_id: UUID, *, expired_before: datetime) -> None:
    """Drop a user's sessions that were over long ago, and with them the addresses they came from."""
    await session.execute(
        delete(LoginSession).where(LoginSession.user_id == user_id, LoginSession.expires_at < expired_before)
    )


async def list_live(
    session: AsyncReadSession, user_id: UUID, *, after_id: UUID | None, limit: int
) -> Sequence[LoginSession]:
    """A user's sessions that can still be used, the newest first."""
    query = select(LoginSession).where(LoginSession.user_id == user_id, is_live)
    if after_id is not None:
        query = query.where(LoginSession.id < after_id)
    return (await session.scalars(query.order_by(LoginSession.id.desc()).limit(limit))).all()


async def end(session: AsyncWriteSession, user_id: UUID, session_id: UUID, *, reason: str) -> bool:
    """End one session of a user. False when it has none such that is live."""
    ended = await session.scalar(
        update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.user_id == user_id, is_live)
        .values(ended_at=func.now(), end_reason=reason)
        .returning(LoginSession.id)
    )
    return ended is not None


async def end_all(session: AsyncWriteSession, user_id: UUID, *, reason: str, kept_id: UUID | None) -> Sequence[UUID]:
    """End a user's sessions, but for one; the ids of those that were live."""
    # Locked in one order, so that two that end the same sessions wait for each other instead of for ever.
    live = select(LoginSession.id).where(LoginSession.user_id == user_id, is_live)
    if kept_id is not None:
        live = live.where(LoginSession.id != kept_id)
    locked = live.order_by(LoginSession.id).with_for_update().cte("locked")
    return (
        await session.scalars(
            update(LoginSession)
            .where(LoginSession.id == locked.c.id)
            .values(ended_at=func.now(), end_reason=reason)
            .returning(LoginSession.id)
        )
    ).all()


async def list_key_ids(session: AsyncWriteSession, user_id: UUID) -> Sequence[UUID]:
    """The API keys a user made that are not revoked."""
    return (
        await session.scalars(
            select(ApiKey.id).where(ApiKey.created_by_user_id == user_id, ApiKey.revoked_at.is_(None))
        )
    ).all()


async def is_revoked(session: AsyncReadSession, credential_id: UUID) -> bool:
    """Whether there is neither a session nor an API key with this id that can be used."""
    owner_is_active = exists().where(User.id == LoginSession.user_id, User.is_active)
    found = await session.scalar(
        select(
            or_(
                exists().where(LoginSession.id == credential_id, LoginSession.ended_at.is_(None), owner_is_active),
                exists().where(ApiKey.id == credential_id, ApiKey.revoked_at.is_(None)),
            )
        )
    )
    return not found


async def list_revoked(session: AsyncReadSession, *, within_seconds: int) -> Sequence[UUID]:
    """Sessions ended and API keys revoked in the last so many seconds."""
    since = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, within_seconds)
    return (
        await session.scalars(
            union_all(
                select(LoginSession.id).where(LoginSession.ended_at > since),
                select(ApiKey.id).where(ApiKey.revoked_at > since),
            )
        )
    ).all()
