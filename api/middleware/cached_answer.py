"""Answers what is ready before the way through the application, which costs more than all of the layers around it."""

from collections.abc import Iterable

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError
from api.problem import error_response
from api.routing import ServiceRoute


class CachedAnswerMiddleware:
    """Hands a GET of a route whose answer is ready to the route itself: it is limited, and admitted, as any other."""

    def __init__(self, app: ASGIApp, *, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = {route.path: route for route in routes if isinstance(route, ServiceRoute) and route.is_ready}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        try:
            await route.guarded(scope, receive, send)
        except ApiError as refusal:
            await error_response(scope, refusal)(scope, receive, send)
