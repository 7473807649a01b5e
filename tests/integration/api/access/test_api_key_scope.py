"""API keys that hold every scope but the one a route asks for."""

from collections.abc import Iterator, Mapping
from typing import get_args

import httpx
import pytest

from api.auth.identity import Scope
from api.auth.permission import Access
from api.main import create_app
from api.public_routes import access_of, list_routes
from tests.integration.api.access.asking import find_leaks, send
from tests.integration.api.access.matrix import read_matrix
from tests.integration.api.access.population import populated_world
from tests.integration.api.access.world import World
from warehouse.settings import Settings

SCOPES: tuple[Scope, ...] = get_args(Scope)
ACCESS: Mapping[tuple[str, str], Access | None] = {
    (method, path): access_of(route) for method, path, route in list_routes(create_app().routes)
}
MEMBERS = [cell for cell in read_matrix() if cell.caller == "member"]
ANONYMOUS = [cell for cell in read_matrix() if cell.caller == "anonymous"]
SCOPED = [cell for cell in MEMBERS if (access := ACCESS[cell.route]) is not None and access.scope is not None]
FOR_PEOPLE = [cell for cell in MEMBERS if (access := ACCESS[cell.route]) is not None and not access.takes_api_keys]
PUBLIC = [cell for cell in ANONYMOUS if ACCESS[cell.route] is None and "/auth/" not in cell.path]


@pytest.fixture(scope="module")
def world(api_url: str, api_settings: Settings) -> Iterator[World]:
    """The victims and the others, once the service runs."""
    with populated_world(api_settings) as world:
        yield world


@pytest.fixture(scope="module")
def visitor(api_url: str) -> Iterator[httpx.Client]:
    """Sends the requests."""
    with httpx.Client(base_url=api_url, timeout=30, trust_env=False) as client:
        yield client


class Keys:
    """Keys of colleagues of the victims."""

    def __init__(self, visitor: httpx.Client, world: World) -> None:
        self._visitor = visitor
        self._world = world
        self._headers: dict[tuple[str | None, Scope | None], dict[str, str]] = {}

    def without(self, scope: Scope | None, subject: str) -> dict[str, str]:
        """Headers of a key of the subject's owner that has all scopes its maker may give, but one."""
        name = self._world.reader("member", subject)
        if (name, scope) not in self._headers:
            scopes = [each for each in SCOPES if each != scope and (each != "prompts:write" or "seller" in str(name))]
            made = self._visitor.post(
                "/api/v1/auth/api-keys",
                json={"name": "narrow", "scopes": scopes},
                headers=self._world.log_in(self._visitor, name),
            )
            assert made.status_code == 201, made.text
            self._headers[name, scope] = {"X-API-Key": made.json()["key"]}
        return self._headers[name, scope]


@pytest.fixture(scope="module")
def keys(visitor: httpx.Client, world: World) -> Keys:
    """The keys, made when they are first used."""
    return Keys(visitor, world)


class TestNarrowKey:
    @pytest.mark.parametrize("cell", SCOPED, ids=str)
    def test_is_refused_by_a_route_whose_scope_it_lacks(self, visitor, world, keys, cell):
        answer = send(
            visitor, cell, world.make_subject(cell.subject), keys.without(ACCESS[cell.route].scope, cell.subject)
        )
        assert answer.status_code == 403
        assert find_leaks(answer, None) == []

    @pytest.mark.parametrize("cell", FOR_PEOPLE, ids=str)
    def test_is_refused_by_a_route_for_people_whatever_its_scopes(self, visitor, world, keys, cell):
        answer = send(visitor, cell, world.make_subject(cell.subject), keys.without(None, cell.subject))
        assert answer.status_code == 403
        assert find_leaks(answer, None) == []

    @pytest.mark.parametrize("cell", PUBLIC, ids=str)
    def test_is_nobody_to_a_public_route(self, visitor, world, keys, cell):
        answer = send(visitor, cell, world.make_subject(cell.subject), keys.without("prompts:read", cell.subject))
        assert answer.status_code == cell.status
        assert find_leaks(answer, None) == []
