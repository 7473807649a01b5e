"""The service with a Stripe, and people and things for requests to be about."""

from collections.abc import Iterator

import pytest

from tests.integration.api.access.population import populated_world
from tests.integration.api.payments.shop import (  # noqa: F401 - fixtures
    Stripe,
    api_listener,
    api_url,
    stripe_simulator,
)
from tests.integration.api.schema.caller import Callers
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def shop_settings(api_settings: Settings, stripe_simulator: Stripe) -> Settings:  # noqa: F811
    """A service that limits nobody: what is asked too often is refused before it is looked at."""
    return api_settings.model_copy(update={"stripe_api_base": stripe_simulator.url, "rate_limits_enabled": False})


@pytest.fixture(scope="module")
def callers(api_url: str, api_settings: Settings) -> Iterator[Callers]:  # noqa: F811
    """Buyers, sellers, operators and strangers who ask."""
    with populated_world(api_settings) as world, Callers(api_url, world) as callers:
        yield callers


@pytest.fixture(autouse=True)
def refreshed(callers: Callers) -> None:
    """Each operation finds everybody logged in, and something of every kind to ask for."""
    callers.refresh()
