"""The request that is being answered, for those who have to note where an action came from."""

from contextvars import ContextVar
from dataclasses import dataclass

from starlette.types import Scope

from api.caller import TrustedProxies
from api.headers import header

USER_AGENT_MAX_LENGTH = 500

# Set for each request by the outermost middleware; unset where nobody asked, as in a worker.
current_request: ContextVar[Scope | None] = ContextVar("current_request", default=None)


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    address: str | None
    user_agent: str | None
    request_id: str | None


def origin_of(scope: Scope) -> Origin:
    """The origin of a request."""
    agent = header(scope, b"user-agent") or b""
    text = agent.decode("latin-1").replace("\x00", "")[:USER_AGENT_MAX_LENGTH]
    return Origin(
        address=_address(scope),
        user_agent=text or None,
        request_id=scope.get("state", {}).get("request_id"),
    )


def _address(scope: Scope) -> str | None:
    """The client's, not that of a proxy of ours."""
    if not scope.get("client"):
        return None
    proxies: TrustedProxies = scope["app"].state.resources.proxies
    return proxies.client(scope)
