"""Queries over API keys."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from api.auth.identity import Identity
from api.database import AsyncReadSession, AsyncWriteSession
from api.models import ApiKey, User

KeyWithMaker = tuple[ApiKey, User]


async def find_usable(session: AsyncReadSession, prefix: str) -> KeyWithMaker | None:
    """The key with this prefix and who made it, while both may be used."""
    found = await session.execute(
        select(ApiKey, User)
        .join(User, ApiKey.created_by_user_id == User.id)
        .where(
            ApiKey.prefix == prefix,
            ApiKey.revoked_at.is_(None),
            ApiKey.expires_at > func.now(),
            User.is_active,
        )
    )
    row = found.one_or_none()
    return (row[0], row[1]) if row else None


async def add(
    session: AsyncWriteSession,
    user: Identity,
    *,
    name: str,
    prefix: str,
    secret_hash: bytes,
    scopes: Sequence[str],
    expires_at: datetime,
) -> ApiKey:
    """A new key of the user's organization."""
    added = ApiKey(
        organization_id=user.organization_id,
        created_by_user_id=user.user_id,
        name=name,
        prefix=prefix,
        secret_hash=secret_hash,
        scopes=list(scopes),
        expires_at=expires_at,
    )
    session.add(added)
    await session.flush()
    return added


async def list_unrevoked(
    session: AsyncReadSession, organization_id: UUID, *, after_id: UUID | None, limit: int
) -> Sequence[KeyWithMaker]:
    """An organization's keys and who made them, the newest first."""
    query = (
        select(ApiKey, User)
        .join(User, ApiKey.created_by_user_id == User.id)
        .where(ApiKey.organization_id == organization_id, ApiKey.revoked_at.is_(None))
    )
    if after_id is not None:
        query = query.where(ApiKey.id < after_id)
    rows = await session.execute(query.order_by(ApiKey.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


async def revoke(session: AsyncWriteSession, user: Identity, api_key_id: UUID) -> bool:
    """Revoke a key of the user's organization. False when there is none such to revoke."""
    revoked = await session.scalar(
        update(ApiKey)
        .where(ApiKey.id == api_key_id, ApiKey.organization_id == user.organization_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=func.now(), revoked_by_user_id=user.user_id)
        .returning(ApiKey.id)
    )
    return revoked is not None


async def revoke_of_maker(session: AsyncWriteSession, user_id: UUID) -> Sequence[UUID]:
    """Revoke all keys a user made; which they were."""
    return (
        await session.scalars(
            update(ApiKey)
            .where(ApiKey.created_by_user_id == user_id, ApiKey.revoked_at.is_(None))
            .values(revoked_at=func.now(), revoked_by_user_id=user_id)
            .returning(ApiKey.id)
        )
    ).all()
