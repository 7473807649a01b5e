"""`/api/v1/auth`: carrying a session on, looking at sessions, and ending them."""

from uuid import UUID

from fastapi import Request, status

from api.auth.errors import LoginEnded, TokenExpired, TokenInvalid
from api.auth.session import rotation, service
from api.auth.session.errors import RefreshTokenReused, SessionNotFound
from api.auth.session.schemas import LogoutRequest, RefreshRequest, SessionDetail, Tokens
from api.dependencies import CurrentUser, Origin, PlatformWriteSession, ReadSession, Resources, WriteSession
from api.errors import LoginRequired, ServiceUnavailable, problem_responses
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.routing import feature_router
from api.schema import Page

router = feature_router("auth")


@router.post(
    "/refresh",
    summary="Get new tokens",
    responses=problem_responses(TokenInvalid, TokenExpired, LoginEnded, RefreshTokenReused),
)
async def refresh(sent: RefreshRequest, resources: Resources, request: Request, origin: Origin) -> Tokens:
    """Takes a refresh token, once: a second use of it ends the log-in, because two programs hold it."""
    await resources.limiter.admit_credentials(request.scope, "refresh", sent.refresh_token)
    return await rotation.refresh(resources, sent.refresh_token, origin)


@router.post(
    "/logout",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Log out",
    responses=problem_responses(LoginRequired, TokenInvalid, TokenExpired, LoginEnded, ServiceUnavailable),
)
async def log_out(
    request: Request, session: PlatformWriteSession, resources: Resources, sent: LogoutRequest | None = None
) -> None:
    """All tokens of this log-in are refused from now on. Where the access token is over, the refresh token will do."""
    user = request.state.identity
    if user is None and sent is not None and sent.refresh_token is not None:
        user = resources.tokens.read(sent.refresh_token, "refresh").identity
    if user is None:
        raise request.state.identity_refusal or LoginRequired("Send the tokens of the log-in to end")
    if user.session_id is None:
        raise LoginRequired("An API key has no log-in to end. Revoke it with DELETE /api/v1/auth/api-keys/{id}")
    await service.log_out(session, resources, user)


@router.get("/sessions", summary="Where you are logged in")
async def list_sessions(
    user: CurrentUser, session: ReadSession, cursor: Cursor = None, limit: Limit = PAGE_SIZE_DEFAULT
) -> Page[SessionDetail]:
    """The newest log-in first; those that ended or expired are left out."""
    return await service.list_sessions(session, user, cursor=cursor, limit=limit)


@router.delete(
    "/sessions/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End a log-in",
    responses=problem_responses(SessionNotFound, ServiceUnavailable),
)
async def end_session(session_id: UUID, user: CurrentUser, session: WriteSession, resources: Resources) -> None:
    """One of your own. Its tokens are refused at once."""
    await service.end_session(session, resources, user, session_id, reason="ended_by_user")


@router.delete(
    "/sessions",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End all other log-ins",
    responses=problem_responses(ServiceUnavailable),
)
async def end_other_sessions(user: CurrentUser, session: WriteSession, resources: Resources) -> None:
    """All of yours but the one that asks."""
    await service.end_sessions_of_user(
        session, resources, user.user_id, reason="ended_by_user", kept_id=user.session_id
    )
