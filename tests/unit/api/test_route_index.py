"""Finding the route of a path."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount, Route

from api.route_index import RouteIndex


def endpoint(request):
    return PlainTextResponse("")


ROUTES = [
    Route("/prompts", endpoint, methods=["GET"]),
    Route("/prompts/{id}", endpoint, methods=["GET", "PATCH"]),
    Route("/prompts/{id}/versions", endpoint, methods=["POST"]),
    Route("/prompts/popular", endpoint, methods=["GET"]),
    Mount("/static", routes=[]),
]


def find(method, path):
    match, scope = RouteIndex(ROUTES).matches({"type": "http", "method": method, "path": path, "root_path": ""})
    return (scope["route"].path, scope["path_params"]) if match is Match.FULL else None


class TestMatches:
    @pytest.mark.parametrize(
        ("method", "path", "found"),
        [
            ("GET", "/prompts", ("/prompts", {})),
            ("GET", "/prompts/7", ("/prompts/{id}", {"id": "7"})),
            ("PATCH", "/prompts/7", ("/prompts/{id}", {"id": "7"})),
            ("POST", "/prompts/7/versions", ("/prompts/{id}/versions", {"id": "7"})),
            ("GET", "/prompts/popular", ("/prompts/popular", {})),
            ("DELETE", "/prompts/7", None),
            ("GET", "/prompts/7/versions", None),
            ("GET", "/static/x", None),
            ("GET", "/prompts/", None),
        ],
    )
    def test_finds_what_the_router_would(self, method, path, found):
        assert find(method, path) == found

    def test_is_for_requests_only(self):
        assert RouteIndex(ROUTES).matches({"type": "websocket", "path": "/prompts"}) == (Match.NONE, {})
