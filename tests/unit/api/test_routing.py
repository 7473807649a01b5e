"""Every route of the API has the manners all have."""

import pytest
from fastapi import APIRouter, FastAPI

from api.main import create_app
from api.middleware.idempotency import WRITING_METHODS
from api.public_routes import list_routes
from api.routing import API_PREFIX, ServiceRoute
from warehouse.settings import Settings


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings())


def without_manners(app: FastAPI) -> set[str]:
    """Paths of the API that are neither limited nor take a key."""
    routes = [(path, getattr(route, "original_route", route)) for _, path, route in list_routes(app.routes)]
    return {path for path, route in routes if path.startswith(API_PREFIX) and not isinstance(route, ServiceRoute)}


class TestServiceRoute:
    def test_is_what_every_route_of_the_api_is(self, app: FastAPI):
        assert without_manners(app) == set()

    def test_a_route_made_otherwise_is_found(self, app: FastAPI):
        router = APIRouter(prefix=f"{API_PREFIX}/bare")
        router.post("")(lambda: None)
        app.include_router(router)
        assert without_manners(app) == {f"{API_PREFIX}/bare"}

    def test_every_write_takes_a_key_and_every_route_tells_its_limit(self, app: FastAPI):
        operations = {
            (method, path): operation
            for path, methods in app.openapi()["paths"].items()
            for method, operation in methods.items()
            if path.startswith(API_PREFIX)
        }
        unlimited = {name for name, operation in operations.items() if "x-rate-limit" not in operation}
        taking = {
            name
            for name, operation in operations.items()
            if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
        }
        writes = {name for name in operations if name[0].upper() in WRITING_METHODS}
        assert writes
        assert (unlimited, writes - taking) == (set(), set())
