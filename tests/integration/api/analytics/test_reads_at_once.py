"""What a busy warehouse does to those who ask for figures: a few wait, others are told to come again."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.api.conftest import Account
from tests.integration.warehouse.marts.hand_made import create_marts, publish
from tests.waiting import wait_until
from warehouse.databases import connect
from warehouse.settings import Settings

WAITING = (
    "select count(*) as reads from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
)


@pytest.fixture(scope="module")
def api_settings(api_settings: Settings) -> Settings:
    """One read at once, and nobody waits for a place."""
    update = {"marts_reads_at_once": 1, "marts_wait_seconds": 0.001, "rate_limit_multiplier": 1.0}
    return api_settings.model_copy(update=update)


@pytest.fixture
def marts(api_settings: Settings) -> str:
    """Empty marts of one publication."""
    create_marts(api_settings.warehouse_url)
    with connect(str(api_settings.warehouse_url)) as connection:
        publish(connection, "p1")
    return str(api_settings.warehouse_url)


class TestReadsAtOnce:
    @pytest.mark.parametrize("path", ["/analytics/dashboard", "/analytics/export", "/analytics/sellers/me/performance"])
    def test_one_too_many_is_told_to_come_again(self, client: httpx.Client, seller: Account, marts: str, path: str):
        with ThreadPoolExecutor(1) as pool, connect(marts) as blocking, connect(marts, autocommit=True) as watching:
            blocking.execute("lock table marts.publications in access exclusive mode")
            first = pool.submit(client.get, "/analytics/dashboard", headers=seller.headers)
            wait_until(lambda: watching.execute(WAITING).fetchone() == {"reads": 1}, "a read went on")
            refused = client.get(path, headers=seller.headers)
            blocking.rollback()
            assert first.result().status_code == 200
        assert (refused.status_code, refused.json()["title"]) == (503, "Marts busy")
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert client.get(path, headers=seller.headers).status_code == 200

    def test_rankings_have_places_of_their_own(self, client: httpx.Client, seller: Account, marts: str):
        with ThreadPoolExecutor(2) as pool, connect(marts) as blocking, connect(marts, autocommit=True) as watching:
            blocking.execute("lock table marts.publications in access exclusive mode")
            figures = pool.submit(client.get, "/analytics/dashboard", headers=seller.headers)
            wait_until(lambda: watching.execute(WAITING).fetchone() == {"reads": 1}, "a read of figures went on")
            ranking = pool.submit(client.get, "/marketplace/rankings")
            wait_until(
                lambda: watching.execute(WAITING).fetchone() == {"reads": 2}, "one of a ranking went on beside it"
            )
            blocking.rollback()
            assert (figures.result().status_code, ranking.result().status_code) == (200, 200)


class TestLimits:
    @pytest.mark.parametrize(
        ("path", "amount"),
        [
            ("/analytics/dashboard", 120),
            ("/analytics/sellers/me/performance", 120),
            ("/analytics/export", 10),
            ("/auth/me/export", 10),
            ("/analytics/metrics", 3000),
        ],
    )
    def test_what_costs_more_is_allowed_less_often(
        self, client: httpx.Client, site: httpx.Client, seller: Account, marts: str, path: str, amount: int
    ):
        assert client.get(path, headers=seller.headers).headers["RateLimit-Limit"] == str(amount)
        described = site.get("/openapi.json").json()["paths"][f"/api/v1{path}"]["get"]
        assert described["x-rate-limit"] == f"{amount}/minute"

    def test_one_too_many_is_refused(self, client: httpx.Client, buyer: Account):
        answers = [client.get("/auth/me/export", headers=buyer.headers).status_code for _ in range(11)]
        assert answers == [200] * 10 + [429]
