"""The password that confirms an erasure can't be guessed by whoever got hold of a session."""

import httpx
import pytest

from tests.integration.api.conftest import Account
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def api_settings(api_settings: Settings) -> Settings:
    """With the limits of production."""
    return api_settings.model_copy(update={"login_rate_limit_multiplier": 1.0})


class TestEraseMe:
    def test_after_some_wrong_passwords_none_is_looked_at(self, client: httpx.Client, buyer: Account):
        statuses = [
            client.request(
                "DELETE", "/auth/me", json={"password": f"a wrong password {number}"}, headers=buyer.headers
            ).status_code
            for number in range(12)
        ]
        assert (statuses[0], statuses[-1]) == (403, 429)
