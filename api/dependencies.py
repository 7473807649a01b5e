"""What a handler can ask for by naming it in its signature.

Such as `async def publish(prompt_id: UUID, user: WritePrompts, session: WriteSession) -> PromptDetail`.
Every route says who may call it by one of the types below, or stands in `api.public_routes`.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from api.audit.context import Origin as RequestOrigin
from api.audit.context import origin_of
from api.auth.identity import SELLING_ROLES, Identity
from api.auth.permission import ApiKey, BearerToken, Login, Permission
from api.database import AsyncReadSession, AsyncWriteSession
from api.lifespan import Resources as OpenResources
from api.tenancy import PLATFORM, scope_of
from api.tracker import Tracker as RequestTracker


async def get_resources(request: Request) -> OpenResources:
    """What the process shares."""
    resources: OpenResources = request.app.state.resources
    return resources


Resources = Annotated[OpenResources, Depends(get_resources)]


async def open_read_session(resources: Resources, request: Request) -> AsyncIterator[AsyncReadSession]:
    """A read-only transaction for the time of the handler, in the scope of whoever asks."""
    async with resources.database.reading(scope_of(request.state.identity)) as session:
        yield session


async def open_write_session(request: Request, resources: Resources) -> AsyncIterator[AsyncWriteSession]:
    """The request's unit of work: committed when the handler returns, rolled back when it raises."""
    async with resources.database.writing(scope_of(request.state.identity)) as session:
        # The route keeps the answer under the request's idempotency key in the same transaction.
        request.state.write_session = session
        yield session


async def open_platform_read_session(resources: Resources) -> AsyncIterator[AsyncReadSession]:
    """For what nobody can be asked for yet, such as a log-in: the handler itself decides who sees what."""
    async with resources.database.reading(PLATFORM) as session:
        yield session


async def open_platform_write_session(request: Request, resources: Resources) -> AsyncIterator[AsyncWriteSession]:
    """The same for a unit of work, such as a registration."""
    async with resources.database.writing(PLATFORM) as session:
        request.state.write_session = session
        yield session


# Scope "function" ends them before the answer is sent: what was answered is committed, and a failed commit fails the
# request.
ReadSession = Annotated[AsyncReadSession, Depends(open_read_session, scope="function")]
WriteSession = Annotated[AsyncWriteSession, Depends(open_write_session, scope="function")]
PlatformReadSession = Annotated[AsyncReadSession, Depends(open_platform_read_session, scope="function")]
PlatformWriteSession = Annotated[AsyncWriteSession, Depends(open_platform_write_session, scope="function")]


async def get_tracker(request: Request) -> RequestTracker:
    """The collector of this request's events."""
    tracker: RequestTracker = request.state.tracker
    return tracker


Tracker = Annotated[RequestTracker, Depends(get_tracker)]


async def get_origin(request: Request) -> RequestOrigin:
    """Where the request comes from."""
    return origin_of(request.scope)


Origin = Annotated[RequestOrigin, Depends(get_origin)]


async def optional_user(request: Request, _: BearerToken, __: ApiKey) -> Identity | None:
    """Who is asking on a public route, if it may read prompts; anybody else is answered as nobody."""
    identity: Identity | None = request.state.identity
    return identity if identity is not None and "prompts:read" in identity.scopes else None


OptionalUser = Annotated[Identity | None, Depends(optional_user)]

# Users who logged in. API keys are refused, whatever their scopes.
CurrentUser = Annotated[Identity, Depends(Login())]
RequireSeller = Annotated[Identity, Depends(Login(*SELLING_ROLES))]
RequireAdmin = Annotated[Identity, Depends(Login("admin"))]

# Users whose role has the scope, and API keys that were given it.
ReadPrompts = Annotated[Identity, Depends(Permission("prompts:read"))]
WritePrompts = Annotated[Identity, Depends(Permission("prompts:write"))]
RenderPrompts = Annotated[Identity, Depends(Permission("prompts:render"))]
ReadOrders = Annotated[Identity, Depends(Permission("orders:read"))]
WriteOrders = Annotated[Identity, Depends(Permission("orders:write"))]
ReadAnalytics = Annotated[Identity, Depends(Permission("analytics:read"))]
ReadSales = Annotated[Identity, Depends(Permission("analytics:read", *SELLING_ROLES))]
ReadOverview = Annotated[Identity, Depends(Permission("analytics:read", "admin"))]
WriteEvents = Annotated[Identity, Depends(Permission("events:write"))]
# Whoever is known at all.
AnyIdentity = Annotated[Identity, Depends(Permission(None))]
