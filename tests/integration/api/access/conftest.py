"""What the service serves, whether its schema says so or not."""

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


@pytest.fixture(scope="module")
def served_paths(service: FastAPI) -> set[str]:
    """The path of every route of the service."""
    return {route.path for route in iter_route_contexts(service.routes) if route.path is not None}
