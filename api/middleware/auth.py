"""Resolves who is asking, once a request."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.errors import LoginEnded, TokenExpired, TokenInvalid
from api.auth.identity import Identity
from api.errors import ApiError


class AuthMiddleware:
    """Reads the bearer token into `request.state.identity`.

    A token that is no good leaves `identity` None and the reason in `identity_refusal`: routes that need a log-in
    answer with it (see `api.dependencies.current_user`), public ones answer as to anybody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] == "http":
            identity, refusal = await _resolve(scope)
            scope["state"].update(identity=identity, identity_refusal=refusal)
        await self._app(scope, receive, send)


async def _resolve(scope: Scope) -> tuple[Identity | None, ApiError | None]:
    header = next((value for name, value in scope["headers"] if name == b"authorization"), None)
    if header is None:
        return None, None
    scheme, _, token = header.decode("latin-1").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None, TokenInvalid("the Authorization header must read 'Bearer <access_token>'")
    resources = scope["app"].state.resources
    try:
        identity: Identity = resources.tokens.read(token.strip(), "access")
    except (TokenExpired, TokenInvalid) as refusal:
        return None, refusal
    if await resources.ended_logins.has_ended(identity.login_id):
        return None, LoginEnded(identity.login_id)
    return identity, None
