"""`/api/v1/auth`."""

from fastapi import Request, status

from api.auth import repository, service
from api.auth.errors import (
    CredentialsWrong,
    EmailAlreadyRegistered,
    LoginEnded,
    PasswordTooCommon,
    TokenExpired,
    TokenInvalid,
)
from api.auth.schemas import Credentials, LogoutRequest, RefreshRequest, Registered, Registration, Tokens, UserProfile
from api.dependencies import CurrentUser, OptionalUser, ReadSession, Resources, WriteSession, current_user
from api.errors import LoginRequired, problem_responses
from api.routing import feature_router

router = feature_router("auth")


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    summary="Register a company with its first user",
    responses=problem_responses(EmailAlreadyRegistered, PasswordTooCommon),
)
async def register(registration: Registration, session: WriteSession, resources: Resources) -> Registered:
    """The answer holds tokens as a log-in does."""
    return await service.register(session, resources, registration)


@router.post("/login", summary="Log in", responses=problem_responses(CredentialsWrong))
async def log_in(credentials: Credentials, resources: Resources) -> Tokens:
    """The same answer for an unknown e-mail as for a wrong password."""
    return await service.log_in(resources, credentials)


@router.post("/refresh", summary="Get new tokens", responses=problem_responses(TokenInvalid, TokenExpired, LoginEnded))
async def refresh(request: RefreshRequest, session: ReadSession, resources: Resources) -> Tokens:
    """Takes a refresh token, not an access token."""
    return await service.renew(session, resources, request.refresh_token)


@router.post(
    "/logout",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Log out",
    responses=problem_responses(LoginRequired, TokenInvalid, TokenExpired),
)
async def log_out(
    user: OptionalUser, request: Request, resources: Resources, sent: LogoutRequest | None = None
) -> None:
    """All tokens of this log-in are refused from now on. Where the access token is over, the refresh token will do."""
    if user is None and sent is not None and sent.refresh_token is not None:
        user = resources.tokens.read(sent.refresh_token, "refresh")
    await resources.ended_logins.end(current_user(request, user).login_id)


@router.get("/me", summary="The signed-in user", responses=problem_responses(LoginRequired, TokenInvalid, TokenExpired))
async def me(user: CurrentUser, session: ReadSession) -> UserProfile:
    """The user and its company."""
    found = await repository.find_profile(session, user.user_id)
    if found is None:
        raise TokenInvalid("the account it was issued for no longer exists")
    return service.profile(*found)
