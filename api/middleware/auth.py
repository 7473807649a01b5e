"""Resolves who is asking, once a request."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.api_key.secret import MARK
from api.auth.errors import LoginEnded, TokenInvalid
from api.auth.identity import Identity
from api.errors import ApiError
from api.lifespan import Resources


class AuthMiddleware:
    """Reads the access token or the API key into `request.state.identity`.

    What is no good leaves `identity` None and the reason in `identity_refusal`: routes that need to know who asks
    answer with it (see `api.dependencies`), public ones answer as to anybody.
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
    try:
        credential = _credential(scope)
        if credential is None:
            return None, None
        resources: Resources = scope["app"].state.resources
        return await _identify(resources, credential), None
    except ApiError as refusal:
        return None, refusal


def _credential(scope: Scope) -> str | None:
    """The token or key that a request carries, in whichever header. Raises `TokenInvalid`."""
    found = [(name, value) for name, value in scope["headers"] if name in {b"authorization", b"x-api-key"}]
    if not found:
        return None
    if len(found) > 1:
        raise TokenInvalid("send one Authorization header, or one X-API-Key, and not both")
    [(name, value)] = found
    text: str = value.decode("latin-1").strip()
    if name == b"x-api-key":
        if not text.startswith(MARK):
            raise TokenInvalid(f"X-API-Key takes an API key, which begins with {MARK}")
        return text
    scheme, _, token = text.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenInvalid("the Authorization header must read 'Bearer <access_token>'")
    return token.strip()


async def _identify(resources: Resources, credential: str) -> Identity:
    """Raises `ApiKeyInvalid`, `TokenInvalid`, `TokenExpired` or `LoginEnded`."""

    async def is_revoked(identity: Identity) -> bool:
        return await resources.revocations.is_revoked(identity.credential_id)

    if credential.startswith(MARK):
        identity = await resources.api_keys.read(credential, is_revoked)
        resources.last_use.note(identity)
        return identity
    signed = resources.tokens.read(credential, "access")
    if await is_revoked(signed.identity):
        raise LoginEnded(signed.identity.credential_id)
    # Issuing a token is a use of its session, and was written then.
    resources.last_use.note(signed.identity, written_at=signed.issued_at)
    return signed.identity
