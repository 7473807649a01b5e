"""The service as its users meet it: a real process's stack on a real port, one for each test module."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import redis
import uvicorn
from fastapi import FastAPI
from psycopg.rows import DictRow

from api.main import create_app
from tests.integration.api.mailbox import Mailbox
from tests.waiting import wait_until
from warehouse.databases import connect
from warehouse.journal import Flusher
from warehouse.servers import Servers
from warehouse.settings import Settings

PASSWORD = "a long enough password"
DEADLINE_SECONDS = 30
PROMPT: dict[str, Any] = {
    "title": "Summarise a contract",
    "description": "Finds parties, dates and obligations.",
    "category": "legal",
    "tags": ["contracts", "summary"],
    "template": "Summarise this contract for ${audience:a lawyer}:\n\n${contract}",
    "price_cents": 1900,
    "currency": "USD",
    "model": "gpt-4o",
}


@dataclass(frozen=True)
class Account:
    """A registered user; `headers` signs its requests."""

    user_id: str
    organization_id: str
    email: str
    role: str
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}


@pytest.fixture(scope="module")
def api_settings(settings: Settings, servers: Servers, database_url: str, warehouse_url: str) -> Settings:
    """The settings of the module's service: its own databases. Override in a module to change them."""
    return settings.model_copy(
        update={
            "database_url": database_url,
            "warehouse_url": warehouse_url,
            "redis_url": servers.redis_url,
            "log_level": "ERROR",
            # Nobody's: a simulator that runs on this machine for somebody else must not answer.
            "stripe_api_base": "http://127.0.0.1:9",
        }
    )


@pytest.fixture(scope="module")
def service(api_settings: Settings) -> FastAPI:
    """The service that is run. Override in a module to add to it."""
    return create_app(api_settings)


@pytest.fixture(scope="module")
def api_url(service: FastAPI, api_settings: Settings) -> Iterator[str]:
    """Where the running service answers."""
    with redis.Redis.from_url(api_settings.redis_url) as cache:
        cache.flushdb()
    config = uvicorn.Config(service, port=0, log_config=None, lifespan="on", proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, "the service has started", goes_on=thread.is_alive)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def site(api_url: str) -> Iterator[httpx.Client]:
    """A client of the whole service, paths from the root."""
    with httpx.Client(base_url=api_url, timeout=DEADLINE_SECONDS, trust_env=False) as client:
        yield client


@pytest.fixture
def client(api_url: str) -> Iterator[httpx.Client]:
    """A client of the API, paths from `/api/v1`, signed in as nobody."""
    with httpx.Client(base_url=f"{api_url}/api/v1", timeout=DEADLINE_SECONDS, trust_env=False) as client:
        yield client


def register_account(client: httpx.Client, role: str) -> Account:
    """Register a new user of a new company."""
    body = {
        "email": f"{role}-{uuid4().hex}@acme.example",
        "password": PASSWORD,
        "company_name": f"Company {uuid4().hex[:8]}",
        "role": role,
    }
    answer = client.post("/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    tokens = answer.json()
    user = tokens["user"]
    return Account(user["id"], user["organization_id"], user["email"], role, tokens)


def create_prompt_of(
    client: httpx.Client, body: dict[str, Any], seller: Account, *, publish: bool = True, **fields: Any
) -> dict[str, Any]:
    """Create a prompt of a seller, and publish it."""
    answer = client.post("/prompts", json={**body, **fields}, headers=seller.headers)
    assert answer.status_code == 201, answer.text
    prompt = answer.json()
    if publish:
        answer = client.post(f"/prompts/{prompt['id']}/publish", headers=seller.headers)
        assert answer.status_code == 200, answer.text
        prompt = answer.json()
    created: dict[str, Any] = prompt
    return created


@pytest.fixture
def register(client: httpx.Client) -> Callable[[str], Account]:
    """Registers a new user of a new company: `register("seller")`."""

    return partial(register_account, client)


@pytest.fixture
def seller(register: Callable[[str], Account]) -> Account:
    """A seller of a company of its own."""
    return register("seller")


@pytest.fixture
def buyer(register: Callable[[str], Account]) -> Account:
    """A buyer of a company of its own."""
    return register("buyer")


@pytest.fixture
def admin(register: Callable[[str], Account], database: psycopg.Connection[DictRow], client: httpx.Client) -> Account:
    """An operator: made in the database, because nobody can register as one."""
    account = register("buyer")
    database.execute("update users set role = 'admin' where id = %s", [account.user_id])
    tokens = client.post("/auth/login", json={"email": account.email, "password": PASSWORD}).json()
    return Account(account.user_id, account.organization_id, account.email, "admin", tokens)


@pytest.fixture
def database(api_settings: Settings) -> Iterator[psycopg.Connection[DictRow]]:
    """The application database, each statement committed at once."""
    with connect(str(api_settings.database_url), autocommit=True) as connection:
        yield connection


@pytest.fixture
def mailbox(api_settings: Settings) -> Mailbox:
    """The mails the service sent."""
    return Mailbox(api_settings.data_path / "mail")


@pytest.fixture
def stored_events(api_settings: Settings, database: psycopg.Connection[DictRow]) -> Callable[..., list[dict[str, Any]]]:
    """Stores what the journal holds and returns the events that match: `stored_events("prompt.viewed", user_id=…)`."""

    def stored_events(event_name: str, **equal: Any) -> list[dict[str, Any]]:
        flusher = Flusher(api_settings.redis_url, api_settings.database_url, max_events=1, interval_seconds=1)
        flusher.flush_all()
        flusher.close()
        rows = database.execute("select * from raw_events where event_name = %s order by occurred_at", [event_name])
        return [row for row in rows if all(str(row[name]) == str(value) for name, value in equal.items())]

    return stored_events


@pytest.fixture
def prompt_body() -> dict[str, Any]:
    """A complete new prompt."""
    return dict(PROMPT)


@pytest.fixture
def create_prompt(client: httpx.Client, prompt_body: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Creates a prompt of a seller: `create_prompt(seller, price_cents=0)`; published unless `publish=False`."""

    return partial(create_prompt_of, client, prompt_body)
