"""What a handler can ask for by naming it in its signature.

Such as `async def publish(prompt_id: UUID, user: RequireSeller, session: WriteSession) -> PromptDetail`.
"""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from api.auth.identity import Identity, Role
from api.database import AsyncReadSession, AsyncWriteSession
from api.errors import ApiError, LoginRequired, RoleNotAllowed
from api.lifespan import Resources as OpenResources
from api.tracker import Tracker as RequestTracker

# Only tells OpenAPI how to log in: the token was read by the auth middleware.
_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The access_token of POST /api/v1/auth/login")


def get_resources(request: Request) -> OpenResources:
    """What the process shares."""
    resources: OpenResources = request.app.state.resources
    return resources


Resources = Annotated[OpenResources, Depends(get_resources)]


async def open_read_session(resources: Resources) -> AsyncIterator[AsyncReadSession]:
    """A read-only transaction for the time of the handler."""
    async with resources.database.reading() as session:
        yield session


async def open_write_session(request: Request, resources: Resources) -> AsyncIterator[AsyncWriteSession]:
    """The request's unit of work: committed when the handler returns, rolled back when it raises."""
    async with resources.database.writing() as session:
        # The route keeps the answer under the request's idempotency key in the same transaction.
        request.state.write_session = session
        yield session


# Scope "function" ends them before the answer is sent: what was answered is committed, and a failed commit fails the
# request.
ReadSession = Annotated[AsyncReadSession, Depends(open_read_session, scope="function")]
WriteSession = Annotated[AsyncWriteSession, Depends(open_write_session, scope="function")]


def get_tracker(request: Request) -> RequestTracker:
    """The collector of this request's events."""
    tracker: RequestTracker = request.state.tracker
    return tracker


Tracker = Annotated[RequestTracker, Depends(get_tracker)]


def optional_user(request: Request, _: Annotated[object, Depends(_bearer)]) -> Identity | None:
    """Who is asking, if the request says so and can prove it."""
    identity: Identity | None = request.state.identity
    return identity


OptionalUser = Annotated[Identity | None, Depends(optional_user)]


def current_user(request: Request, user: OptionalUser) -> Identity:
    """Who is asking. Raises `LoginRequired`, or what was wrong with the token (401)."""
    if user is not None:
        return user
    refusal: ApiError | None = request.state.identity_refusal
    raise refusal or LoginRequired("This needs a log-in: send 'Authorization: Bearer <access_token>'")


CurrentUser = Annotated[Identity, Depends(current_user)]


def require_role(*roles: Role) -> Callable[[Identity], Identity]:
    """A dependency that lets users of these roles through. It raises `RoleNotAllowed` (403)."""

    def user_with_role(user: CurrentUser) -> Identity:
        if user.role not in roles:
            raise RoleNotAllowed(f"This is for the role {' or '.join(roles)}; the role of this user is {user.role}")
        return user

    return user_with_role


# Operators may do what sellers do, in their own organization.
RequireSeller = Annotated[Identity, Depends(require_role("seller", "admin"))]
RequireAdmin = Annotated[Identity, Depends(require_role("admin"))]
