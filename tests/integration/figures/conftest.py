"""A small marketplace after one run of the pipeline, and everything that shows its figures."""

import pytest

from tests.integration.api.conftest import api_url, client, database, register, service  # noqa: F401
from tests.integration.figures.marketplace import add_visits
from tests.integration.orchestration.conftest import Place, manifests, place  # noqa: F401
from tests.integration.orchestration.running import run
from warehouse.settings import Settings, get_settings


@pytest.fixture(scope="module")
def api_settings(place: Place) -> Settings:  # noqa: F811
    """The settings of the module's marketplace, which has been through one run."""
    add_visits(place.database_url)
    outcome = run()
    assert (outcome.failures, outcome.failed_checks) == ([], [])
    # Nobody's: a simulator that runs on this machine for somebody else must not answer.
    return get_settings().model_copy(update={"log_level": "ERROR", "stripe_api_base": "http://127.0.0.1:9"})
