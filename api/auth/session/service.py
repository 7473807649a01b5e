"""Tokens for a log-in, at its start and on renewal."""

from typing import cast, get_args
from uuid import UUID

from api.auth.account import repository
from api.auth.errors import LoginEnded, TokenInvalid
from api.auth.identity import Identity, Role
from api.auth.session.schemas import Tokens
from api.database import AsyncReadSession
from api.lifespan import Resources
from api.models import User


async def renew(session: AsyncReadSession, resources: Resources, refresh_token: str) -> Tokens:
    """New tokens of the same log-in, with the user as it is now.

    Raises `TokenInvalid`, `TokenExpired` or `LoginEnded`; also when the account was closed since.
    """
    identity = resources.tokens.read(refresh_token, "refresh")
    if await resources.ended_logins.has_ended(identity.login_id):
        raise LoginEnded(identity.login_id)
    found = await repository.find_profile(session, identity.user_id)
    if found is None or not found[0].is_active:
        raise TokenInvalid("the account it was issued for is closed")
    return issue_tokens(resources, found[0], identity.login_id)


def issue_tokens(resources: Resources, user: User, login_id: UUID) -> Tokens:
    """A pair of tokens that says who the user is now."""
    identity = _identity(user, login_id)
    return Tokens(
        access_token=resources.tokens.issue(identity, "access"),
        refresh_token=resources.tokens.issue(identity, "refresh"),
        expires_in=resources.tokens.lifetime_seconds("access"),
    )


def _identity(user: User, login_id: UUID) -> Identity:
    assert user.email is not None and user.role in get_args(Role)
    return Identity(
        user_id=user.id,
        organization_id=user.organization_id,
        email=user.email,
        role=cast(Role, user.role),
        login_id=login_id,
    )
