"""Making, listing and revoking the API keys of an organization."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.audit import Actor, AuditedObject, record
from api.auth.api_key import repository
from api.auth.api_key.errors import ApiKeyNotFound, ScopeNotGrantable
from api.auth.api_key.schemas import ApiKeyDetail, CreatedApiKey, NewApiKey
from api.auth.api_key.secret import make_key
from api.auth.identity import Identity
from api.database import AsyncReadSession, AsyncWriteSession
from api.errors import RoleNotAllowed
from api.lifespan import Resources
from api.models import ApiKey, User
from api.pagination import decode_id_cursor, encode_cursor
from api.schema import Page


async def create(session: AsyncWriteSession, resources: Resources, user: Identity, wanted: NewApiKey) -> CreatedApiKey:
    """A new key for the user's organization. Raises `RoleNotAllowed` or `ScopeNotGrantable`."""
    if user.role == "admin":
        raise RoleNotAllowed("Operators have no API keys: a key acts for one company, and an operator for all")
    missing = sorted(wanted.scopes - user.scopes)
    if missing:
        raise ScopeNotGrantable(f"A {user.role} can't give a key what it may not do itself: {', '.join(missing)}")
    key = make_key()
    row = await repository.add(
        session,
        user,
        name=wanted.name,
        prefix=key.prefix,
        secret_hash=resources.api_keys.hasher.hash(key),
        scopes=sorted(wanted.scopes),
        expires_at=datetime.now(UTC) + timedelta(days=wanted.expires_in_days),
    )
    await record(
        session,
        "api_key.created",
        AuditedObject("api_key", row.id, row.organization_id),
        new={"scopes": row.scopes, "expires_at": row.expires_at.isoformat()},
    )
    return CreatedApiKey(**_detail(row, user.email).model_dump(), key=str(key))


async def list_keys(session: AsyncReadSession, user: Identity, *, cursor: str | None, limit: int) -> Page[ApiKeyDetail]:
    """The keys of the user's organization that are not revoked, the newest first."""
    rows = await repository.list_unrevoked(
        session, user.organization_id, after_id=decode_id_cursor(cursor), limit=limit + 1
    )
    page = rows[:limit]
    return Page(
        items=[_detail(key, maker.email or "") for key, maker in page],
        next_cursor=encode_cursor(str(page[-1][0].id)) if len(rows) > limit else None,
    )


async def revoke(session: AsyncWriteSession, resources: Resources, user: Identity, api_key_id: UUID) -> None:
    """Refuse a key from now on, in every process. Raises `ApiKeyNotFound` or `ServiceUnavailable`."""
    if not await repository.revoke(session, user, api_key_id):
        raise ApiKeyNotFound(api_key_id)
    await record(session, "api_key.revoked", AuditedObject("api_key", api_key_id, user.organization_id))
    await resources.revocations.announce([api_key_id])


async def revoke_of_maker(session: AsyncWriteSession, resources: Resources, user: User) -> None:
    """Refuse all keys a user made. For a user who proved who it is; raises `ServiceUnavailable`."""
    revoked = await repository.revoke_of_maker(session, user.id)
    for api_key_id in revoked:
        await record(
            session,
            "api_key.revoked",
            AuditedObject("api_key", api_key_id, user.organization_id),
            actor=Actor(user.id, user.organization_id, user.role),
        )
    await resources.revocations.announce(revoked)


def _detail(key: ApiKey, maker_email: str) -> ApiKeyDetail:
    return ApiKeyDetail(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes,
        created_at=key.created_at,
        created_by=maker_email,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )
