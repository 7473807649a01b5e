"""Who a request comes from, as its token or API key says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args
from uuid import UUID

Role = Literal["buyer", "seller", "admin"]

# What can be asked of the service, in the words of OAuth scopes. An API key is given some of them.
Scope = Literal[
    "prompts:read",
    "prompts:write",
    "prompts:render",
    "orders:read",
    "orders:write",
    "analytics:read",
    "events:write",
]
ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: tuple[Scope, ...] = get_args(Scope)

# Operators may do what sellers do, in their own organization.
SELLING_ROLES: tuple[Role, ...] = ("seller", "admin")
# Scopes that not all roles have.
SCOPE_ROLES: Mapping[Scope, tuple[Role, ...]] = {"prompts:write": SELLING_ROLES}


def roles_with(scope: Scope) -> tuple[Role, ...]:
    """The roles whose users have a scope."""
    return SCOPE_ROLES.get(scope, ROLES)


def scopes_of(role: Role) -> frozenset[Scope]:
    """What users of a role may do."""
    return _SCOPES_BY_ROLE[role]


_SCOPES_BY_ROLE = {role: frozenset(scope for scope in SCOPES if role in roles_with(scope)) for role in ROLES}


@dataclass(frozen=True)
class Identity:
    """A user, the organization it acts for, and the session or the API key it came through: one of the two is None.

    Of an API key, the user is the one who made it: what the key does is done in that user's name.
    """

    user_id: UUID
    organization_id: UUID
    email: str
    role: Role
    session_id: UUID | None
    scopes: frozenset[Scope]
    api_key_id: UUID | None = None

    @cached_property
    def caller(self) -> str:
        """What limits and idempotency keys know it by."""
        return f"user:{self.user_id}" if self.api_key_id is None else f"key:{self.api_key_id}"

    @property
    def credential_id(self) -> UUID:
        """The session or the API key, whichever it is; what can be revoked."""
        found = self.session_id or self.api_key_id
        assert found is not None
        return found


def session_identity(*, user_id: UUID, organization_id: UUID, email: str, role: Role, session_id: UUID) -> Identity:
    """A user who logged in: it may do all that its role may."""
    return Identity(user_id, organization_id, email, role, session_id, scopes_of(role))
