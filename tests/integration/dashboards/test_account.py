"""Log-in through the API."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dashboards.account import (
    AccountApi,
    ApiUnreachable,
    CredentialsWrong,
    LogInExpired,
    LogInFailed,
    NotASeller,
    SecondFactorNeeded,
)
from tests.integration.dashboards.account_server import PASSWORD, AccountServer, account, serve_accounts


@pytest.fixture
def server() -> Iterator[AccountServer]:
    with serve_accounts(account("sam@acme.test", "acme"), account("bo@acme.test", "acme", role="buyer")) as running:
        yield running


@pytest.fixture
def api(server: AccountServer) -> Iterator[AccountApi]:
    with AccountApi(server.url) as opened:
        yield opened


class TestLogIn:
    def test_says_who_it_is_and_for_which_company(self, api: AccountApi) -> None:
        seller = api.log_in(" sam@acme.test ", PASSWORD)
        assert (seller.email, seller.organization_id, seller.organization_name) == ("sam@acme.test", "acme", "Acme Ltd")

    def test_a_wrong_password_is_called_that(self, api: AccountApi) -> None:
        with pytest.raises(CredentialsWrong, match="E-mail or password is wrong"):
            api.log_in("sam@acme.test", "guess")

    def test_a_buyer_is_refused_by_name(self, api: AccountApi) -> None:
        with pytest.raises(NotASeller, match=r"bo@acme\.test is registered as buyer"):
            api.log_in("bo@acme.test", PASSWORD)

    def test_a_second_factor_is_asked_for_and_taken(self, api: AccountApi, server: AccountServer) -> None:
        server.code = "492039"
        with pytest.raises(SecondFactorNeeded, match="Enter a code"):
            api.log_in("sam@acme.test", PASSWORD)
        with pytest.raises(SecondFactorNeeded, match="This code is wrong"):
            api.log_in("sam@acme.test", PASSWORD, code="000000")
        assert api.log_in("sam@acme.test", PASSWORD, code=" 492039 ").organization_id == "acme"

    def test_too_many_attempts_are_told_to_wait(self, api: AccountApi, server: AccountServer) -> None:
        server.status = 429
        with pytest.raises(LogInFailed, match=r"Told to fail\. Wait a little"):
            api.log_in("sam@acme.test", PASSWORD)

    def test_a_failing_api_is_quoted(self, api: AccountApi, server: AccountServer) -> None:
        server.status = 503
        with pytest.raises(LogInFailed, match=r"status 503.*Told to fail"):
            api.log_in("sam@acme.test", PASSWORD)

    def test_another_program_at_the_address_is_recognized(self, api: AccountApi, server: AccountServer) -> None:
        server.status = 200
        with pytest.raises(LogInFailed, match="is not this marketplace's API"):
            api.log_in("sam@acme.test", PASSWORD)

    def test_a_missing_api_is_named_with_its_address_and_how_to_start_it(self) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}"
            with AccountApi(url) as api, pytest.raises(ApiUnreachable, match=rf"{url}.*\./start\.sh"):
                api.log_in("sam@acme.test", PASSWORD)


class TestRenew:
    def test_tokens_are_renewed_before_they_end(self, api: AccountApi, server: AccountServer) -> None:
        server.expires_in = 60
        seller = api.log_in("sam@acme.test", PASSWORD)
        now = datetime.now(UTC)
        assert not seller.must_renew(now)
        assert seller.must_renew(now + timedelta(seconds=31))

    def test_a_renewed_log_in_is_of_the_same_company(self, api: AccountApi) -> None:
        assert api.renew(api.log_in("sam@acme.test", PASSWORD)).organization_id == "acme"

    def test_an_ended_log_in_is_not_renewed(self, api: AccountApi) -> None:
        seller = api.log_in("sam@acme.test", PASSWORD)
        api.log_out(seller)
        with pytest.raises(LogInExpired, match="Log in again"):
            api.renew(seller)

    def test_who_became_a_buyer_is_not_renewed(self, api: AccountApi, server: AccountServer) -> None:
        seller = api.log_in("sam@acme.test", PASSWORD)
        server.accounts["sam@acme.test"]["role"] = "buyer"
        with pytest.raises(NotASeller):
            api.renew(seller)
