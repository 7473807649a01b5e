"""Taking messages of Stripe: only Stripe's, only now, each once."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow
from stripe import WebhookSignature

from tests.integration.api.payments.shop import Stripe

Send = Callable[..., httpx.Response]
CountStored = Callable[[str], int]


@pytest.fixture
def event() -> dict[str, Any]:
    """A message no order depends on."""
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": "customer.created",
        "data": {"object": {"id": "cus_1", "object": "customer", "name": "Grüße 🎉"}},
    }


@pytest.fixture
def sign(stripe_simulator: Stripe) -> Callable[..., str]:
    """The header Stripe would send: `sign(body, ago=0)`."""

    def sign(body: str, *, ago: int = 0, secret: str = stripe_simulator.webhook_secret) -> str:
        header: str = WebhookSignature.generate_signature_header(body, secret, int(time.time()) - ago)
        return header

    return sign


@pytest.fixture
def send(client: httpx.Client) -> Send:
    """Sends a body with a Stripe-Signature header: `send(body, header)`."""

    def send(body: str | bytes, header: str | bytes | None = None) -> httpx.Response:
        headers = {} if header is None else {"Stripe-Signature": header}
        return client.post("/webhooks/stripe", content=body, headers=headers)  # type: ignore[arg-type]

    return send


@pytest.fixture
def count_stored(database: psycopg.Connection[DictRow]) -> CountStored:
    """How many messages with this id are in the inbox."""

    def count_stored(event_id: str) -> int:
        return len(database.execute("select 1 from webhook_inbox where external_id = %s", [event_id]).fetchall())

    return count_stored


class TestAccepted:
    def test_a_signed_message_is_kept_byte_for_byte(
        self, send: Send, sign: Callable[..., str], event: dict[str, Any], database: psycopg.Connection[DictRow]
    ):
        body = json.dumps(event, indent=3, ensure_ascii=False)
        answer = send(body.encode(), sign(body))
        assert (answer.status_code, answer.json()) == (200, {"id": event["id"], "is_new": True})
        row = database.execute("select * from webhook_inbox where external_id = %s", [event["id"]]).fetchone()
        assert row is not None
        assert (row["body"], row["payload"], row["event_type"]) == (body.encode(), event, "customer.created")

    def test_a_repeated_message_is_kept_once(
        self, send: Send, sign: Callable[..., str], event: dict[str, Any], count_stored: CountStored
    ):
        body = json.dumps(event)
        answers = [send(body, sign(body)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert [answer.json()["is_new"] for answer in answers] == [True, False, False]
        assert count_stored(event["id"]) == 1

    def test_one_of_two_signatures_is_enough_while_the_secret_is_changed(
        self, send: Send, sign: Callable[..., str], event: dict[str, Any]
    ):
        body = json.dumps(event)
        old = sign(body, secret="whsec_old").split(",")[1]
        assert send(body, f"{sign(body)},{old}").status_code == 200

    def test_a_clock_that_is_a_little_off_does_not_matter(
        self, send: Send, sign: Callable[..., str], event: dict[str, Any]
    ):
        body = json.dumps(event)
        assert send(body, sign(body, ago=-200)).status_code == 200
        assert send(body, sign(body, ago=200)).status_code == 200


class TestRefused:
    @pytest.mark.parametrize(
        ("ago", "secret"), [(0, "whsec_of_somebody_else"), (301, None), (3600, None), (-3600, None), (-360, None)]
    )
    def test_a_signature_that_is_wrong_old_or_of_the_future_stores_nothing(
        self, send: Send, sign: Callable[..., str], event: dict[str, Any], count_stored: CountStored, ago: int,
        secret: str | None,
    ):  # fmt: skip
        body = json.dumps(event)
        answer = send(body, sign(body, ago=ago, **({"secret": secret} if secret else {})))
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith("signature-invalid")
        assert count_stored(event["id"]) == 0

    @pytest.mark.parametrize(
        "header", [None, "", "nonsense", "t=1", "v1=1", "t=x,v1=y", "t=1,v1=\xe4".encode("latin-1")]
    )
    def test_a_header_that_is_none_stores_nothing(
        self, send: Send, event: dict[str, Any], count_stored: CountStored, header: str | bytes | None
    ):
        assert send(json.dumps(event), header).status_code == 400
        assert count_stored(event["id"]) == 0

    def test_a_changed_body_stores_nothing(
        self, send: Send, sign: Callable[..., str], event: dict[str, Any], count_stored: CountStored
    ):
        body = json.dumps(event)
        assert send(body + " ", sign(body)).status_code == 400
        assert count_stored(event["id"]) == 0

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "{",
            "[]",
            "null",
            "{}",
            "[" * 100_000,
            '{"id": "evt_\\ud800", "type": "x", "data": {"object": {}}}',
            '{"id": 1, "type": "x", "data": {"object": {}}}',
        ],
    )
    def test_a_signed_body_that_is_no_event_is_refused(self, send: Send, sign: Callable[..., str], body: str):
        answer = send(body, sign(body))
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("message-malformed")

    def test_stripe_repeats_a_message_it_signed_badly(
        self, client: httpx.Client, stripe_simulator: Stripe, settled: Callable[[], None], count_stored: CountStored
    ):
        stripe_simulator.set_faults(webhook_bad_signature_next=1)
        stripe_simulator.sdk.v1.customers.create({"name": "Somebody"})
        settled()
        [event] = stripe_simulator.sdk.v1.events.list({"limit": 1}).data
        assert count_stored(event.id) == 1
