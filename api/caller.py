"""Who sends a request, as limits and idempotency keys tell callers apart."""

from ipaddress import ip_address, ip_network

from starlette.types import Scope

# One subscriber usually has a whole /64 of IPv6 addresses.
IPV6_PREFIX = 64


def caller_name(scope: Scope) -> str:
    """`key:…` of an API key, `user:…` of a log-in, else `address:…`."""
    identity = scope["state"].get("identity")
    if identity is None:
        return f"address:{caller_address(scope)}"
    key_id = getattr(identity, "api_key_id", None)
    return f"key:{key_id}" if key_id is not None else f"user:{identity.user_id}"


def caller_address(scope: Scope) -> str:
    """Where the request comes from: an IPv4 address or an IPv6 network."""
    address: str | None = scope["state"].get("address")
    if address is None:
        address = scope["state"]["address"] = _network((scope.get("client") or ("unknown", 0))[0])
    return address


def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    if address.version == 4:
        return host
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((address, IPV6_PREFIX), strict=False))
