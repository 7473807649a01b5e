"""Resolves who is asking, once a request."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.api_key.secret import MARK
from api.auth.errors import LoginEnded, TokenInvalid
from api.auth.token import SignedToken
from api.errors import ApiError
from api.lifespan import Resources


@dataclass(frozen=True)
class Claim:
    """A session whose token is good, while it is asked whether the session has ended."""

    signed: SignedToken
    answer: "asyncio.Future[list[bytes | None]]"


class AuthMiddleware:
    """Reads the access token or the API key.

    Who an API key stands for is in `request.state.identity` at once. A session is only claimed: what Redis knows of it
    is asked for and not waited for, so that it comes in one round trip with the limits of the route, and
    `settle_identity` makes it the identity. Until then, and without that, nobody is asking.

    What is no good leaves `identity` None and the reason in `identity_refusal`: routes that need to know who asks
    answer with it (see `api.dependencies`), public ones answer as to anybody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] == "http":
            state = scope["state"]
            state.update(identity=None, identity_refusal=None, claim=None)
            try:
                credential = _credential(scope)
                if credential is not None:
                    await _identify(scope["app"].state.resources, state, credential)
            except ApiError as refusal:
                state["identity_refusal"] = refusal
        await self._app(scope, receive, send)


async def settle_identity(scope: Scope) -> None:
    """Make who is claimed to ask the identity of the request, unless the session has ended."""
    state = scope["state"]
    claim: Claim | None = state.get("claim")
    if claim is None:
        return
    state["claim"] = None
    resources: Resources = scope["app"].state.resources
    identity = claim.signed.identity
    if await resources.revocations.is_revoked(identity.credential_id, claim.answer):
        state["identity_refusal"] = LoginEnded(identity.credential_id)
        return
    state["identity"] = identity
    # Issuing a token is a use of its session, and was written then.
    resources.last_use.note(identity, written_at=claim.signed.issued_at)


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


async def _identify(resources: Resources, state: dict[str, Any], credential: str) -> None:
    """Raises `ApiKeyInvalid`, `TokenInvalid` or `TokenExpired`."""
    if credential.startswith(MARK):
        identity = await resources.api_keys.read(
            credential, lambda known: resources.revocations.is_revoked(known.credential_id)
        )
        resources.last_use.note(identity)
        state["identity"] = identity
        return
    signed = resources.tokens.read(credential, "access")
    state["claim"] = Claim(signed, resources.revocations.ask(signed.identity.credential_id))
