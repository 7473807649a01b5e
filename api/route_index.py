"""Finds the route of a path without looking at all of them."""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

_ROUTE = "route_index.found"


class RouteIndex(BaseRoute):
    """Stands before the routers of a service and knows their routes by method and number of segments.

    The router looks at one route after the other, and at those of an included router twice: for the sixtieth that takes
    longer than answering. What is not found here (a wrong method, no such path) is the router's to answer.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._static: dict[tuple[str, str], Route] = {}
        self._by_length: dict[tuple[str, int], list[Route]] = {}
        for route in routes:
            if not isinstance(route, Route):
                continue
            for method in route.methods or ():
                if "{" in route.path:
                    self._by_length.setdefault((method, route.path.count("/")), []).append(route)
                else:
                    self._static.setdefault((method, route.path), route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether one of the routes takes the request."""
        if scope["type"] != "http":
            return Match.NONE, {}
        method, path = scope["method"], scope["path"]
        static = self._static.get((method, path))
        if static is not None:
            return Match.FULL, {"endpoint": static.endpoint, "path_params": {}, "route": static, _ROUTE: static}
        for route in self._by_length.get((method, path.count("/")), ()):
            match, child_scope = route.matches(scope)
            if match is Match.FULL:
                return match, {**child_scope, "route": route, _ROUTE: route}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the route that was found."""
        route: Route = scope.pop(_ROUTE)
        await route.handle(scope, receive, send)
