"""A log-in shared by several runs of a page."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboards.account import AccountApi, LogInExpired, Seller
from dashboards.kept_login import KeptLogin
from tests.integration.dashboards.account_server import PASSWORD, AccountServer, account, serve_accounts

REFRESH = "/api/v1/auth/refresh"


@pytest.fixture
def server() -> Iterator[AccountServer]:
    with serve_accounts(account("sam@acme.test", "acme")) as running:
        yield running


@pytest.fixture
def open_api(server: AccountServer) -> Callable[[], AccountApi]:
    return lambda: AccountApi(server.url)


@pytest.fixture
def nearly_over(server: AccountServer, open_api: Callable[[], AccountApi]) -> Seller:
    """A seller whose tokens must be renewed, by a server whose next ones last."""
    server.expires_in = 1
    with open_api() as api:
        seller = api.log_in("sam@acme.test", PASSWORD)
    server.expires_in = 1800
    return seller


class TestCurrent:
    def test_runs_at_the_same_time_renew_once(self, server, open_api, nearly_over):
        login = KeptLogin(nearly_over)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: login.current(open_api), range(8)))
        assert server.requests.count(REFRESH) == 1
        assert set(found) == {login.last_known}
        assert login.last_known.expires_at > nearly_over.expires_at

    def test_tokens_that_are_good_are_left_alone(self, server, open_api, nearly_over):
        login = KeptLogin(nearly_over)
        login.current(open_api)
        login.current(open_api)
        assert server.requests.count(REFRESH) == 1

    def test_an_ended_log_in_is_told(self, server, open_api, nearly_over):
        server.status = 401
        with pytest.raises(LogInExpired):
            KeptLogin(nearly_over).current(open_api)
