"""What can go wrong with health."""

from collections.abc import Mapping

from api.errors import ApiError


class NotReady(ApiError):
    """A server the service depends on does not answer."""

    status = 503

    def __init__(self, checks: Mapping[str, str]) -> None:
        down = ", ".join(name for name, result in checks.items() if result != "ok")
        super().__init__(f"Not reachable: {down}", extra={"checks": dict(checks)})
