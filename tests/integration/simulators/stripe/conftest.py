"""A simulator in a thread, the official SDK pointed at it, and a receiver that checks signatures as a shop would."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from simulators.stripe.config import RetrySchedule, SimulatorConfig
from simulators.stripe.server import bind, running

SECRET = "whsec_of_the_tests"
WAIT_SECONDS = 20.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll until the condition holds; fail with ``what`` when it does not within a bounded number of looks."""
    pause = threading.Event()
    for _ in range(int(WAIT_SECONDS / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail(f"Waited {WAIT_SECONDS} s in vain until {what}.")


@dataclass
class Receiver:
    """A webhook endpoint that accepts what is signed with the secret, and remembers it in order of arrival."""

    address: tuple[str, int]
    events: list[dict[str, Any]] = field(default_factory=list)
    refused_count: int = 0
    answer_status: int = 200

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}/webhooks/stripe"

    def take(self, body: bytes, signature: str | None) -> int:
        try:
            stripe.Webhook.construct_event(body, signature, SECRET)
        except stripe.SignatureVerificationError:
            self.refused_count += 1
            return 400
        if self.answer_status != 200:
            self.refused_count += 1
            return self.answer_status
        self.events.append(json.loads(body))
        return 200

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def subject_ids(self) -> list[str]:
        return [event["data"]["object"]["id"] for event in self.events]

    def wait_for(self, count: int) -> None:
        wait_until(lambda: len(self.events) >= count, f"{count} events have arrived (there are {self.types()})")

    @contextmanager
    def listening(self) -> Iterator[None]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(receiver.take(body, self.headers.get("stripe-signature")))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep the test output clean."""

        server = ThreadingHTTPServer(self.address, Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@dataclass(frozen=True)
class Shop:
    """Somebody who uses the simulator: through the official SDK, and through the control endpoints."""

    url: str
    sdk: stripe.StripeClient
    http: httpx.Client

    @property
    def payments(self) -> Any:
        return self.sdk.v1.payment_intents

    @property
    def refunds(self) -> Any:
        return self.sdk.v1.refunds

    def pay(self, amount: int = 1000, **params: Any) -> Any:
        """A payment that succeeds, with its charge and balance transaction."""
        return self.payments.create(
            params={
                "amount": amount,
                "currency": "usd",
                "payment_method": "pm_card_visa",
                "confirm": True,
                "expand": ["latest_charge.balance_transaction"],
                **params,
            }
        )

    def dispute(self, payment_intent_id: str) -> dict[str, Any]:
        """The bank takes a payment back."""
        path = f"/_simulator/payment_intents/{payment_intent_id}/dispute"
        answer: dict[str, Any] = self.http.post(path).raise_for_status().json()
        return answer

    def create_customers(self, count: int) -> list[str]:
        """Ids in order of creation; each makes one event."""
        return [self.sdk.v1.customers.create(params={"name": f"Number {n}"}).id for n in range(count)]

    def set_faults(self, **faults: Any) -> None:
        self.http.put("/_simulator/faults", json=faults).raise_for_status()

    def faults(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get("/_simulator/faults").raise_for_status().json()
        return answer

    def deliveries(self, **query: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get("/_simulator/deliveries", params=query).raise_for_status().json()
        return answer

    def wait_until_settled(self) -> None:
        wait_until(lambda: self.deliveries()["counts"]["pending"] == 0, "no delivery is pending")


OpenShop = Callable[..., Any]


@contextmanager
def _open_shop(config: SimulatorConfig) -> Iterator[Shop]:
    with running(config) as simulator, httpx.Client(base_url=simulator.url, trust_env=False, timeout=30) as http:
        sdk = stripe.StripeClient(
            "sk_test_shop", base_addresses={"api": simulator.url}, http_client=stripe.RequestsClient(timeout=15)
        )
        yield Shop(simulator.url, sdk, http)


@pytest.fixture(scope="session", autouse=True)
def _no_network_retries() -> Iterator[None]:
    """Errors are what these tests look at, so the SDK must not try again on its own."""
    before = stripe.max_network_retries
    stripe.max_network_retries = 0
    yield
    stripe.max_network_retries = before


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A simulator without a receiver, shared by the tests of a module."""
    with _open_shop(SimulatorConfig(data=tmp_path_factory.mktemp("stripe") / "stripe.sqlite")) as shop:
        yield shop


@pytest.fixture
def receiver() -> Receiver:
    """A receiver on an address of its own, not yet listening."""
    with bind("127.0.0.1", 0) as free:
        return Receiver(free.getsockname())


@pytest.fixture
def open_shop(tmp_path: Path) -> OpenShop:
    """Open simulators of one's own: ``with open_shop(receiver) as shop``. The same ``name`` is the same data."""

    @contextmanager
    def open_one(receiver: Receiver | None = None, *, name: str = "stripe", **config: Any) -> Iterator[Shop]:
        if receiver is not None:
            config |= {"webhook_url": receiver.url, "webhook_secret": SECRET}
        # Short, so that a receiver that was down is found again within the test.
        retry = config.pop("retry", RetrySchedule(base_seconds=0.05, cap_seconds=0.2, max_attempts=100))
        with _open_shop(SimulatorConfig(data=tmp_path / f"{name}.sqlite", retry=retry, **config)) as shop:
            yield shop

    return open_one


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> Callable[[Callable[[], bool], str], None]:
    """The bounded wait, for tests that cannot import this file."""
    return wait_until
