"""What the service does while a server is down. Its servers are its own, because they are stopped."""

from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from api.main import create_app
from tests.waiting import wait_until
from warehouse.databases import connect
from warehouse.servers.redis import EmbeddedRedis
from warehouse.settings import database_name, with_database


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory):
    """A Redis that nobody else needs."""
    server = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    server.ensure_running()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def api_settings(api_settings, own_redis):
    return api_settings.model_copy(update={"redis_url": own_redis.url})


@pytest.fixture(scope="module")
def service(api_settings):
    return create_app(api_settings)


@pytest.fixture
def redis_down(own_redis, client, seller, buyer):
    """Redis does not answer during the test. Accounts were made before: nobody can register then."""
    own_redis.stop()
    yield
    own_redis.ensure_running()
    wait_until(lambda: "RateLimit-Limit" in client.get("/auth/me").headers, "the service finds Redis again")


@pytest.fixture
def events_table_closed(database):
    """Nor does Postgres take events."""
    database.execute(
        "create function refuse_events() returns trigger language plpgsql as"
        " $$ begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$"
    )
    database.execute("create trigger refuse before insert on raw_events execute function refuse_events()")
    yield
    database.execute("drop function refuse_events() cascade")


@pytest.fixture
def warehouse_closed(api_settings):
    """The warehouse lets nobody in."""
    name = database_name(api_settings.warehouse_url)
    with connect(with_database(api_settings.warehouse_url, "postgres"), autocommit=True) as connection:
        connection.execute(f'alter database "{name}" with allow_connections false')
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        yield
        connection.execute(f'alter database "{name}" with allow_connections true')


def event():
    return {"event_id": uuid4().hex, "event_name": "page.opened", "occurred_at": datetime.now(UTC).isoformat()}


@pytest.mark.usefixtures("redis_down")
class TestWithoutRedis:
    def test_is_not_ready_and_says_why(self, site):
        answer = site.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["detail"] == "Not reachable: redis"
        assert answer.json()["checks"]["postgres"] == "ok"

    def test_lives(self, site):
        assert site.get("/health/live").status_code == 200

    def test_lets_those_who_are_logged_in_go_on(self, client, seller):
        answer = client.get("/auth/me", headers=seller.headers)
        assert (answer.status_code, "RateLimit-Limit" in answer.headers) == (200, False)

    def test_is_open_to_look_at(self, client):
        assert client.get("/marketplace/browse").status_code == 200

    def test_lets_nobody_guess(self, client, seller):
        answer = client.post("/auth/login", json={"email": seller.email, "password": "a long enough password"})
        assert (answer.status_code, answer.json()["title"]) == (503, "Login closed")
        assert answer.headers["Retry-After"]

    def test_lets_those_who_are_logged_in_get_new_tokens(self, client, seller):
        answer = client.post("/auth/refresh", json={"refresh_token": seller.tokens["refresh_token"]})
        assert answer.status_code == 200

    def test_registers_nobody(self, client):
        body = {"email": "new@acme.example", "password": "a long enough password", "company_name": "Acme"}
        assert client.post("/auth/register", json={**body, "role": "buyer"}).status_code == 503

    def test_does_not_promise_a_log_out(self, client, seller):
        assert client.post("/auth/logout", headers=seller.headers).status_code == 503

    def test_takes_events_straight_to_postgres(self, client, buyer, database):
        sent = event()
        answer = client.post("/analytics/events", json=sent, headers=buyer.headers)
        assert answer.json()["accepted"] == 1
        assert database.execute("select 1 from raw_events where event_id = %s", [sent["event_id"]]).fetchone()

    def test_answers_reads_when_events_find_no_place_at_all(self, client, seller, create_prompt, events_table_closed):
        prompt = create_prompt(seller)
        assert client.get(f"/prompts/{prompt['id']}").status_code == 200

    def test_takes_no_events_it_can_not_keep(self, client, buyer, events_table_closed):
        answer = client.post("/analytics/events", json=event(), headers=buyer.headers)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "None of these was" in answer.json()["detail"]


@pytest.mark.usefixtures("warehouse_closed")
class TestWithoutWarehouse:
    def test_is_not_ready_and_says_why(self, site):
        assert site.get("/health/ready").json()["detail"] == "Not reachable: warehouse"

    def test_has_no_figures(self, client, seller):
        answer = client.get("/analytics/dashboard", headers=seller.headers)
        assert (answer.status_code, answer.json()["title"]) == (503, "Service unavailable")

    def test_sells_on(self, client: httpx.Client, seller, create_prompt):
        assert create_prompt(seller)["status"] == "published"
