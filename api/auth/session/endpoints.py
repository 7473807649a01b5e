"""`/api/v1/auth`: carrying a log-in on, and ending it."""

from fastapi import Request, status

from api.auth.errors import LoginEnded, TokenExpired, TokenInvalid
from api.auth.session import service
from api.auth.session.schemas import LogoutRequest, RefreshRequest, Tokens
from api.dependencies import OptionalUser, ReadSession, Resources, current_user
from api.errors import LoginRequired, problem_responses
from api.routing import feature_router

router = feature_router("auth")


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
