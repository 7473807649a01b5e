"""One log line and one observation in the metrics for every request."""

from functools import lru_cache

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answer_head import answer_head
from api.log import ACCESS_LINES
from api.routing import route_template

REQUESTS = Counter("http_requests_total", "Requests answered", ("method", "route", "status"))
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time until the last byte of the answer was handed over",
    ("method", "route"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
# Asked every few seconds by machines: counted, not logged.
QUIET_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CLIENT_CLOSED_REQUEST = 499


class AccessLogMiddleware:
    """Logs and measures requests once they are answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            head = answer_head(scope)
            _observe(scope, head.status or CLIENT_CLOSED_REQUEST, head.seconds)


@lru_cache(maxsize=4096)
def _measures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The counter and histogram of these labels; looking them up costs more than counting."""
    return REQUESTS.labels(method, route, str(status)), DURATION.labels(method, route)


def _observe(scope: Scope, status: int, seconds: float) -> None:
    route = route_template(scope)
    method = scope["method"] if scope["method"] in KNOWN_METHODS else "OTHER"
    requests, duration = _measures(method, route, status)
    requests.inc()
    duration.observe(seconds)
    if scope["path"] in QUIET_PATHS:
        return
    identity = scope["state"].get("identity")
    ACCESS_LINES.write(
        request_id=scope["state"]["request_id"],
        method=method,
        route=route,
        path=scope["path"],
        status=status,
        duration_ms=round(seconds * 1000, 3),
        user_id=identity.user_id if identity else None,
        organization_id=identity.organization_id if identity else None,
    )
