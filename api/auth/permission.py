"""Who may call a route: typed dependencies that let an identity through or refuse it.

The identity itself was resolved by the auth middleware; the security schemes only tell OpenAPI how to send it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from api.auth.identity import ROLES, Identity, Role, Scope, roles_with
from api.errors import ApiError, LoginRequired, RoleNotAllowed

BearerToken = Annotated[
    object,
    Depends(
        HTTPBearer(
            scheme_name="bearer",
            auto_error=False,
            bearerFormat="JWT",
            description="The access_token of POST /api/v1/auth/login; or an API key, where X-API-Key is listed too",
        )
    ),
]
ApiKey = Annotated[
    object,
    Depends(
        APIKeyHeader(
            name="X-API-Key",
            scheme_name="api_key",
            auto_error=False,
            description="An API key of POST /api/v1/auth/api-keys, with the scope named by `x-permission`",
        )
    ),
]


class ScopeMissing(ApiError):
    """The API key is good, but was not given the scope this needs."""

    status = 403


class ApiKeyNotAllowed(ApiError):
    """This is for people who logged in, not for programs."""

    status = 403


class Access(ABC):
    """What all permissions share. A route's permission is found by this type."""

    # Whether programs are let through too.
    takes_api_keys: ClassVar[bool]

    def __init__(self, scope: Scope | None, roles: tuple[Role, ...]) -> None:
        self.scope = scope
        self.roles = roles

    @abstractmethod
    def admit(self, state: Mapping[str, Any]) -> Identity:
        """Who is asking, by the state of the request, if it may. Raises what the class says, or an error of 401."""

    def _known(self, state: Mapping[str, Any]) -> Identity:
        """Who is asking. Raises `LoginRequired`, or what was wrong with the token or key (401)."""
        identity: Identity | None = state["identity"]
        if identity is not None:
            return identity
        refusal: ApiError | None = state["identity_refusal"]
        raise refusal or LoginRequired("This needs a log-in: send 'Authorization: Bearer <access_token>'")

    def _of_role(self, identity: Identity) -> Identity:
        if identity.role not in self.roles:
            allowed = " or ".join(self.roles)
            raise RoleNotAllowed(f"This is for the role {allowed}; the role of this user is {identity.role}")
        return identity


class Login(Access):
    """Lets users of some roles through, all by default, while they are logged in. API keys are refused.

    Raises `ApiKeyNotAllowed` or `RoleNotAllowed` (403).
    """

    takes_api_keys = False

    def __init__(self, *roles: Role) -> None:
        super().__init__(None, roles or ROLES)

    async def __call__(self, request: Request, _: BearerToken) -> Identity:
        """The user."""
        return self.admit(request.scope["state"])

    def admit(self, state: Mapping[str, Any]) -> Identity:
        """The same, where there is no handler."""
        identity = self._known(state)
        if identity.session_id is None:
            raise ApiKeyNotAllowed("This needs a log-in of a user: API keys may not do it, whatever their scopes")
        return self._of_role(identity)


class Permission(Access):
    """Lets users through whose role has a scope, and API keys that were given it; without a scope, all of them.

    Raises `ScopeMissing` or `RoleNotAllowed` (403).
    """

    takes_api_keys = True

    def __init__(self, scope: Scope | None, *roles: Role) -> None:
        of_scope = roles_with(scope) if scope else ROLES
        super().__init__(scope, tuple(role for role in of_scope if not roles or role in roles))

    async def __call__(self, request: Request, _: BearerToken, __: ApiKey) -> Identity:
        """The user, or the program in the name of the user who made its key."""
        return self.admit(request.scope["state"])

    def admit(self, state: Mapping[str, Any]) -> Identity:
        """The same, where there is no handler."""
        identity = self._of_role(self._known(state))
        if self.scope is not None and self.scope not in identity.scopes:
            raise ScopeMissing(f"This API key lacks the scope {self.scope}")
        return identity
