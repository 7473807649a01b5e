"""Who sends a request, as limits and idempotency keys tell callers apart."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from starlette.types import Scope

from api.auth.identity import Identity

# One subscriber usually has a whole /64 of IPv6 addresses.
IPV6_PREFIX = 64


def caller_name(scope: Scope) -> str:
    """`key:…` of an API key, `user:…` of a log-in, else `address:…`."""
    state = scope["state"]
    identity: Identity | None = state.get("identity")
    if identity is None and state.get("claim") is not None:
        # What a session does while it is asked whether it has ended is still its user's.
        identity = state["claim"].signed.identity
    if identity is None:
        return f"address:{caller_address(scope)}"
    return identity.caller


def caller_address(scope: Scope) -> str:
    """Where the request comes from: an IPv4 address or an IPv6 network."""
    address: str | None = scope["state"].get("address")
    if address is None:
        host = scope["app"].state.resources.proxies.client(scope)
        address = scope["state"]["address"] = _network(host)
    return address


class TrustedProxies:
    """Proxies of ours: what they say in `X-Forwarded-For` is believed, what others say is not."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ip_network(network, strict=False) for network in networks]

    def client(self, scope: Scope) -> str:
        """The address that spoke to the outermost of our proxies, or to us."""
        host: str = (scope.get("client") or ("unknown", 0))[0]
        if not self._networks or not self._has(host):
            return host
        said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
        for hop in reversed([part.strip() for part in said.split(",")]):
            if not _is_address(hop):
                return host
            host = hop
            if not self._has(host):
                return host
        return host

    def _has(self, host: str) -> bool:
        return _is_address(host) and any(ip_address(host) in network for network in self._networks)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    if address.version == 4:
        return host
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((address, IPV6_PREFIX), strict=False))
