"""Every route of the service, asked by everybody about what belongs to somebody else."""

from collections.abc import Callable, Iterator
from functools import cache

import httpx
import pytest
from fastapi import FastAPI

from tests.integration.api.access.asking import Observation, observe
from tests.integration.api.access.matrix import Cell, read_matrix
from tests.integration.api.access.population import populated_world
from tests.integration.api.access.world import World
from warehouse.settings import Settings

MATRIX = read_matrix()
REFUSED = [cell for cell in MATRIX if cell.status >= 400]
HIDDEN = [cell for cell in MATRIX if cell.status == 404]
# Pages for people, and their scripts: they show the schema and are no part of it.
UNLISTED = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/static-offline-docs"}

Observe = Callable[[Cell], Observation]


@pytest.fixture(scope="module")
def world(api_url: str, api_settings: Settings) -> Iterator[World]:
    """The victims and the others, once the service runs."""
    with populated_world(api_settings) as world:
        yield world


@pytest.fixture(scope="module")
def observed(api_url: str, world: World) -> Iterator[Observe]:
    """What came of a cell's request, which is made once."""
    with httpx.Client(base_url=api_url, timeout=30, trust_env=False) as client:
        yield cache(lambda cell: observe(client, world, cell))


class TestMatrix:
    def test_has_a_row_for_every_route_and_a_route_for_every_row(self, service: FastAPI):
        paths = service.openapi()["paths"]
        routes = {(method.upper(), path) for path, operations in paths.items() for method in operations}
        assert {cell.route for cell in MATRIX} == routes

    def test_no_route_is_kept_out_of_the_schema(self, service: FastAPI, served_paths: set[str]):
        assert served_paths - set(service.openapi()["paths"]) == UNLISTED

    @pytest.mark.parametrize("cell", MATRIX, ids=str)
    def test_everybody_is_answered_as_the_table_says(self, observed: Observe, cell: Cell):
        assert observed(cell).answer.status_code == cell.status, observed(cell).answer.text

    @pytest.mark.parametrize("cell", MATRIX, ids=str)
    def test_nobody_is_told_what_belongs_to_others(self, observed: Observe, cell: Cell):
        assert observed(cell).leaks == []

    @pytest.mark.parametrize("cell", REFUSED, ids=str)
    def test_what_is_refused_changes_nothing(self, observed: Observe, cell: Cell):
        assert observed(cell).changed_tables == []

    @pytest.mark.parametrize("cell", HIDDEN, ids=str)
    def test_what_is_hidden_looks_like_what_does_not_exist(self, observed: Observe, cell: Cell):
        assert observed(cell).told == observed(cell).told_of_nothing
