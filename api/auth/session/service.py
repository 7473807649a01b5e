"""Sessions: begun by a log-in, carried on by refresh tokens, ended for a reason."""

from datetime import UTC, datetime, timedelta
from typing import Literal, cast
from uuid import UUID, uuid4

from api.audit.context import Origin
from api.auth.identity import Identity, Role, session_identity
from api.auth.session import repository
from api.auth.session.errors import SessionNotFound
from api.auth.session.schemas import SessionDetail, Tokens
from api.database import AsyncReadSession, AsyncWriteSession
from api.lifespan import Resources
from api.models import LoginSession, User
from api.pagination import decode_id_cursor, encode_cursor
from api.schema import Page

# Sessions that are over are kept this long, for questions about who was in; then their addresses go too.
SESSION_KEPT_AFTER_EXPIRY = timedelta(days=30)

EndReason = Literal[
    "logged_out",
    "ended_by_user",
    "refresh_token_reused",
    "password_changed",
    "password_reset",
    "second_factor_changed",
    "role_changed",
    "deactivated",
    "ended_by_operator",
]


async def begin_session(session: AsyncWriteSession, resources: Resources, user: User, origin: Origin) -> Tokens | None:
    """A new session of a user who proved who it is, and its first tokens.

    None when the account was closed or changed since it was read: checking a password takes long enough for that.
    """
    if not await repository.lock_unchanged(session, user):
        return None
    now = datetime.now(UTC)
    await repository.forget_sessions(session, user.id, expired_before=now - SESSION_KEPT_AFTER_EXPIRY)
    begun = await repository.add(session, user, origin, expires_at=now + _refresh_lifetime(resources))
    return await issue_tokens(session, resources, begun, user)


async def issue_tokens(session: AsyncWriteSession, resources: Resources, owner: LoginSession, user: User) -> Tokens:
    """A pair of tokens that says who the user is now. The refresh token is good once."""
    identity = _identity(user, owner.id)
    refresh_token_id = uuid4()
    owner.expires_at = datetime.now(UTC) + _refresh_lifetime(resources)
    await repository.add_refresh_token(session, owner, refresh_token_id, expires_at=owner.expires_at)
    return Tokens(
        access_token=resources.tokens.issue(identity, "access", uuid4()),
        refresh_token=resources.tokens.issue(identity, "refresh", refresh_token_id),
        expires_in=resources.tokens.lifetime_seconds("access"),
    )


def _refresh_lifetime(resources: Resources) -> timedelta:
    return timedelta(seconds=resources.tokens.lifetime_seconds("refresh"))


def _identity(user: User, session_id: UUID) -> Identity:
    assert user.email is not None
    return session_identity(
        user_id=user.id,
        organization_id=user.organization_id,
        email=user.email,
        role=cast(Role, user.role),
        session_id=session_id,
    )


async def list_sessions(
    session: AsyncReadSession, user: Identity, *, cursor: str | None, limit: int
) -> Page[SessionDetail]:
    """Where the user is logged in, the newest session first."""
    rows = await repository.list_live(session, user.user_id, after_id=decode_id_cursor(cursor), limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=[
            SessionDetail(
                id=row.id,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                expires_at=row.expires_at,
                address=row.address,
                user_agent=row.user_agent,
                is_current=row.id == user.session_id,
            )
            for row in page
        ],
        next_cursor=encode_cursor(str(page[-1].id)) if len(rows) > limit else None,
    )


async def end_session(
    session: AsyncWriteSession, resources: Resources, user: Identity, session_id: UUID, *, reason: EndReason
) -> None:
    """End one session of the user. Raises `SessionNotFound`, or `ServiceUnavailable` when it can't be ended at once."""
    if not await repository.end(session, user.user_id, session_id, reason=reason):
        raise SessionNotFound(session_id)
    await resources.revocations.announce([session_id])


async def log_out(session: AsyncWriteSession, resources: Resources, user: Identity) -> None:
    """End the session a token belongs to; one that is over already needs no end."""
    assert user.session_id is not None
    await repository.end(session, user.user_id, user.session_id, reason="logged_out")
    await resources.revocations.announce([user.session_id])


async def end_sessions_of_user(
    session: AsyncWriteSession,
    resources: Resources,
    user_id: UUID,
    *,
    reason: EndReason,
    kept_id: UUID | None = None,
) -> int:
    """End the sessions of a user, but for one, at once and in every process; how many there were.

    Call it in the transaction that closes the account or changes its role or password, after that change. API keys the
    user made are looked at again before their next use. Raises `ServiceUnavailable` when it can't be promised: the
    transaction must then not be committed.
    """
    ended = await repository.end_all(session, user_id, reason=reason, kept_id=kept_id)
    keys = await repository.list_key_ids(session, user_id)
    await resources.revocations.announce([*ended, *keys])
    return len(ended)
