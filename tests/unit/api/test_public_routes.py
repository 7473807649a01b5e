"""Every route says who may call it."""

import pytest
from fastapi import FastAPI

from api.main import create_app
from api.public_routes import PUBLIC_ROUTES, access_of, list_routes
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings())


class TestPublicRoutes:
    def test_a_route_without_a_permission_is_on_the_list(self, app: FastAPI):
        unguarded = {(method, path) for method, path, route in list_routes(app.routes) if access_of(route) is None}
        assert unguarded - PUBLIC_ROUTES.keys() == set()

    def test_the_list_names_no_route_that_has_a_permission_or_is_gone(self, app: FastAPI):
        unguarded = {(method, path) for method, path, route in list_routes(app.routes) if access_of(route) is None}
        assert PUBLIC_ROUTES.keys() - unguarded == set()

    def test_a_new_route_without_either_is_found(self):
        app = create_app(Settings())
        app.get("/api/v1/secrets")(lambda: None)
        unguarded = {(method, path) for method, path, route in list_routes(app.routes) if access_of(route) is None}
        assert ("GET", "/api/v1/secrets") in unguarded - PUBLIC_ROUTES.keys()

    def test_what_only_a_user_may_do_takes_no_key(self, app: FastAPI):
        takes_keys = {
            path for _, path, route in list_routes(app.routes) if (found := access_of(route)) and found.takes_api_keys
        }
        assert not [path for path in takes_keys if path.startswith(("/api/v1/auth/api-keys", "/api/v1/admin"))]
