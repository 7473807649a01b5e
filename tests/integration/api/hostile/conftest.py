"""Every route that writes, somebody who may call it, and something it can be about."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest

from tests.integration.api.access.matrix import Cell
from tests.integration.api.access.population import populated_world
from tests.integration.api.access.world import World
from warehouse.settings import Settings

TIMEOUT_SECONDS = 30


@pytest.fixture(scope="module")
def api_settings(api_settings: Settings) -> Settings:
    """A service that limits nobody: what is asked too often is refused before it is looked at."""
    return api_settings.model_copy(update={"rate_limits_enabled": False})


@pytest.fixture(scope="module")
def world(api_url: str, api_settings: Settings) -> Iterator[World]:
    """People who may do something, once the service runs."""
    with populated_world(api_settings) as world:
        yield world


@pytest.fixture(scope="module")
def visitor(api_url: str) -> Iterator[httpx.Client]:
    """Sends the requests; gives up on a service that takes too long."""
    with httpx.Client(base_url=api_url, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        yield client


@dataclass(frozen=True)
class Target:
    """A route with a subject in its path, and headers of somebody who may call it."""

    method: str
    path: str
    subject: Mapping[str, str]
    headers: Mapping[str, str]


@pytest.fixture(scope="module")
def aim(visitor: httpx.Client, world: World) -> Callable[[Cell], Target]:
    """The target of a cell of the access matrix."""
    known: dict[str | None, dict[str, str]] = {}

    def aim(cell: Cell) -> Target:
        reader = world.reader(cell.caller, cell.subject)
        if reader not in known:
            known[reader] = world.log_in(visitor, reader)
        subject = world.make_subject(cell.subject)
        return Target(cell.method, cell.path.format(**subject), subject, known[reader])

    return aim
