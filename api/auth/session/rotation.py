"""Refresh tokens are good once: a second use ends the whole session.

A token that comes twice is held by two, and the service can't tell the thief from the owner (RFC 9700, 4.14.2).
"""

from datetime import UTC, datetime

import structlog

from api.audit.context import Origin
from api.auth.errors import LoginEnded, TokenInvalid
from api.auth.session import repository
from api.auth.session.errors import RefreshTokenReused
from api.auth.session.schemas import Tokens
from api.auth.session.service import issue_tokens
from api.auth.token import SignedToken
from api.database import AsyncWriteSession
from api.errors import ApiError, ServiceUnavailable
from api.lifespan import Resources
from api.tenancy import PLATFORM

logger = structlog.get_logger(__name__)


async def refresh(resources: Resources, refresh_token: str, origin: Origin) -> Tokens:
    """New tokens of the same session, with the user as it is now.

    Raises `TokenInvalid`, `TokenExpired`, `LoginEnded`, or `RefreshTokenReused` once the session is ended for good.
    """
    signed = resources.tokens.read(refresh_token, "refresh")
    # A refusal is decided here and raised after the commit, which keeps the end of the session.
    async with resources.database.writing(PLATFORM) as session:
        outcome = await _rotate(session, resources, signed, origin)
    if isinstance(outcome, RefreshTokenReused):
        await _announce_theft(resources, signed)
    if isinstance(outcome, ApiError):
        raise outcome
    return outcome


async def _rotate(
    session: AsyncWriteSession, resources: Resources, signed: SignedToken, origin: Origin
) -> Tokens | ApiError:
    session_id = signed.identity.credential_id
    found = await repository.lock_with_user(session, session_id, signed.identity.user_id)
    if found is None:
        return TokenInvalid("the account it was issued for no longer exists")
    owner, user = found
    if owner.ended_at is not None:
        return LoginEnded(session_id)
    if not user.is_active:
        return TokenInvalid("the account it was issued for is closed")
    if not await repository.use_refresh_token(session, session_id, signed.token_id):
        await repository.end(session, user.id, session_id, reason="refresh_token_reused")
        return RefreshTokenReused(session_id)
    await repository.forget_expired_tokens(session, session_id)
    owner.address, owner.user_agent, owner.last_used_at = origin.address, origin.user_agent, datetime.now(UTC)
    return await issue_tokens(session, resources, owner, user)


async def _announce_theft(resources: Resources, signed: SignedToken) -> None:
    """The session is ended in the database whatever happens here."""
    logger.warning(
        "refresh_token_reused", session_id=str(signed.identity.session_id), user_id=str(signed.identity.user_id)
    )
    try:
        await resources.revocations.announce([signed.identity.credential_id])
    except ServiceUnavailable:
        # Noted there: the mark is made up for as soon as Redis answers again.
        return
