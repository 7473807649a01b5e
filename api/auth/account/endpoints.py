"""`/api/v1/auth`: registration, log-in, the own profile."""

from fastapi import Request, status

from api.auth.account import login, registration, repository
from api.auth.account.errors import (
    CredentialsWrong,
    EmailAlreadyRegistered,
    PasswordTooCommon,
    SecondFactorRequired,
    SecondFactorWrong,
)
from api.auth.account.profile import user_profile
from api.auth.account.schemas import Credentials, Registered, Registration, UserProfile
from api.auth.errors import TokenExpired, TokenInvalid
from api.auth.session.schemas import Tokens
from api.dependencies import AnyIdentity, Origin, PlatformWriteSession, ReadSession, Resources
from api.errors import LoginRequired, problem_responses
from api.rate_limit.errors import LoginClosed
from api.routing import feature_router

router = feature_router("auth")


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    summary="Register a company with its first user",
    responses=problem_responses(EmailAlreadyRegistered, PasswordTooCommon, LoginClosed),
)
async def register(
    wanted: Registration, session: PlatformWriteSession, resources: Resources, request: Request, origin: Origin
) -> Registered:
    """The answer holds tokens as a log-in does."""
    await resources.limiter.admit_credentials(request.scope, "register", wanted.email)
    return await registration.register(session, resources, wanted, origin)


@router.post(
    "/login",
    summary="Log in",
    responses=problem_responses(CredentialsWrong, SecondFactorRequired, SecondFactorWrong, LoginClosed),
)
async def log_in(credentials: Credentials, resources: Resources, request: Request, origin: Origin) -> Tokens:
    """The same answer for an unknown e-mail as for a wrong password. Accounts with a second factor send `totp_code`."""
    attempt = await resources.limiter.admit_credentials(request.scope, "login", credentials.email)
    tokens = await login.log_in(resources, credentials, origin)
    await resources.limiter.give_back(attempt)
    return tokens


@router.get("/me", summary="The signed-in user", responses=problem_responses(LoginRequired, TokenInvalid, TokenExpired))
async def me(user: AnyIdentity, session: ReadSession) -> UserProfile:
    """The user and its company; of an API key, the user who made it."""
    found = await repository.find_profile(session, user.user_id)
    if found is None:
        raise TokenInvalid("the account it was issued for no longer exists")
    return user_profile(*found)
