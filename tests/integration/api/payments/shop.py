"""A running service and a running Stripe simulator that send each other requests."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis
import stripe
import uvicorn
from psycopg.rows import DictRow

from api.main import create_app
from tests.waiting import WAIT_SECONDS, wait_until
from warehouse.settings import Settings


class Stripe:
    """The simulator, its faults, and the official SDK on it."""

    def __init__(self, url: str, *, api_key: str, webhook_secret: str, control: httpx.Client) -> None:
        self.url = url
        self.webhook_secret = webhook_secret
        self.sdk = stripe.StripeClient(api_key, base_addresses={"api": url})
        self._control = control

    def set_faults(self, **faults: Any) -> None:
        """Put these faults in force in place of all others."""
        self._control.put("/_simulator/faults", json=faults).raise_for_status()

    def dispute(self, payment_intent_id: str) -> str:
        """The buyer's bank takes a payment back; the id of the dispute."""
        answer = self._control.post(f"/_simulator/payment_intents/{payment_intent_id}/dispute").raise_for_status()
        return str(answer.json()["id"])

    def redeliver_all(self) -> None:
        """Deliver every event once more."""
        self._control.post("/_simulator/webhooks/redeliver", json={"all": True}).raise_for_status()

    def intents_of(self, order_id: str) -> list[dict[str, Any]]:
        """The payments of an order, the newest first."""
        found = self.sdk.v1.payment_intents.list({"limit": 100}).auto_paging_iter()
        return [intent.to_dict() for intent in found if intent.to_dict()["metadata"].get("order_id") == order_id]

    def count_waiting(self) -> int:
        """Deliveries that are still owed."""
        answer = self._control.get("/_simulator/deliveries", params={"limit": 1}).json()
        return int(answer["counts"]["pending"])


@pytest.fixture(scope="module")
def api_listener() -> Iterator[socket.socket]:
    """The service's port, known before the service runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture(scope="module")
def stripe_simulator(
    settings: Settings, api_listener: socket.socket, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stripe]:
    """A Stripe of this module, as a process of its own."""
    data: Path = tmp_path_factory.mktemp("stripe") / "simulator.sqlite"
    secret = settings.stripe_webhook_secret.get_secret_value()
    port = api_listener.getsockname()[1]
    command = [
        sys.executable, "-m", "simulators.stripe", "--port", "0", "--data", str(data),
        "--webhook-url", f"http://127.0.0.1:{port}/api/v1/webhooks/stripe", "--webhook-secret", secret,
        "--webhook-retry-base-seconds", "0.05", "--webhook-retry-cap-seconds", "1",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split(" on ")[1].split(",")[0]
            with httpx.Client(base_url=url, timeout=WAIT_SECONDS) as control:
                api_key = settings.stripe_api_key.get_secret_value()
                yield Stripe(url, api_key=api_key, webhook_secret=secret, control=control)
        finally:
            process.terminate()
            process.communicate()


@pytest.fixture(scope="module")
def shop_settings(api_settings: Settings, stripe_simulator: Stripe) -> Settings:
    """The module's service pays with the module's Stripe. Override in a module to change it."""
    return api_settings.model_copy(update={"stripe_api_base": stripe_simulator.url})


@pytest.fixture(scope="module")
def api_url(shop_settings: Settings, api_listener: socket.socket) -> Iterator[str]:
    """A running service on the known port."""
    with redis.Redis.from_url(str(shop_settings.redis_url)) as cache:
        cache.flushdb()
    server = uvicorn.Server(uvicorn.Config(create_app(shop_settings), log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [api_listener]})
    thread.start()
    try:
        # Requests wait in the listening socket until the service takes them.
        yield f"http://127.0.0.1:{api_listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(autouse=True)
def no_faults(stripe_simulator: Stripe) -> Iterator[None]:
    """Each test begins and ends with a Stripe that works."""
    stripe_simulator.set_faults()
    yield
    stripe_simulator.set_faults()


@pytest.fixture
def charges_of(
    stripe_simulator: Stripe, database: psycopg.Connection[DictRow]
) -> Callable[[str], list[dict[str, Any]]]:
    """What an organization was charged with success."""

    def charges_of(organization_id: str) -> list[dict[str, Any]]:
        wanted = "select stripe_customer_id as customer from organizations where id = %s"
        row = database.execute(wanted, [organization_id]).fetchone()
        assert row is not None
        charges = stripe_simulator.sdk.v1.charges.list({"customer": row["customer"], "limit": 100})
        found = [charge.to_dict() for charge in charges.auto_paging_iter()]
        return [charge for charge in found if charge["status"] == "succeeded"]

    return charges_of


@pytest.fixture
def settled(api_url: str, stripe_simulator: Stripe, database: psycopg.Connection[DictRow]) -> Callable[[], None]:
    """Waits until every message was delivered and handled, and the ledger was read afterwards."""

    def has_settled() -> bool:
        # Stripe first: what it has delivered by now is in the inbox.
        if stripe_simulator.count_waiting():
            return False
        waiting = database.execute("select count(*) as number from webhook_inbox where handled_at is null").fetchone()
        if waiting is None or waiting["number"]:
            return False
        unread = "select 1 from ledger_positions where read_through is null or woken_at > read_through"
        return database.execute(unread).fetchone() is None

    return lambda: wait_until(has_settled, "all messages of Stripe were handled")
