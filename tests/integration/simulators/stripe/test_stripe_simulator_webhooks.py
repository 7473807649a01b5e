"""Webhooks as a shop receives them: signed, repeated, out of order, late, and in the end all of them."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from simulators.stripe.config import ConfigurationInvalid, RetrySchedule, SimulatorConfig
from simulators.stripe.database import Database
from simulators.stripe.delivery_queue import DeliveryQueue
from simulators.stripe.fault import FaultBox, Faults
from simulators.stripe.signature import sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.simulators.stripe.conftest import OpenShop, Receiver

    WaitUntil = Callable[[Callable[[], bool], str], None]

COUNT = 8
SECRET = "whsec_of_the_tests"


class TestSignature:
    BODY = json.dumps({"id": "evt_1", "object": "event", "amount": "10 €"}).encode()

    def test_is_accepted_by_the_sdk(self) -> None:
        timestamp = 2_000_000_000
        header = sign(self.BODY, "whsec_a", timestamp)
        assert stripe.WebhookSignature.verify_header(self.BODY, header, "whsec_a", tolerance=None)
        assert header.startswith(f"t={timestamp},v1=")

    @pytest.mark.parametrize(("body", "secret"), [(BODY + b" ", "whsec_a"), (BODY, "whsec_b")])
    def test_is_refused_for_another_body_or_secret(self, body: bytes, secret: str) -> None:
        header = sign(self.BODY, "whsec_a", 2_000_000_000)
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)


class TestEvents:
    def test_each_change_is_told_with_a_snapshot(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening(), open_shop(receiver) as shop:
            intent = shop.pay(1000)
            refund = shop.refunds.create(params={"payment_intent": intent.id, "amount": 400})
            receiver.wait_for(5)
            shop.wait_until_settled()
        by_type = {event["type"]: event for event in receiver.events}
        assert sorted(receiver.types()) == [
            "charge.refunded",
            "charge.succeeded",
            "payment_intent.created",
            "payment_intent.succeeded",
            "refund.created",
        ]
        assert by_type["payment_intent.created"]["data"]["object"]["status"] == "requires_confirmation"
        assert by_type["payment_intent.succeeded"]["data"]["object"]["amount_received"] == 1000
        assert by_type["charge.succeeded"]["data"]["object"]["amount_refunded"] == 0
        assert by_type["charge.refunded"]["data"]["object"]["amount_refunded"] == 400
        assert by_type["charge.refunded"]["data"]["previous_attributes"] == {"amount_refunded": 0}
        assert by_type["refund.created"]["data"]["object"]["id"] == refund.id

    def test_event_says_what_caused_it(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening(), open_shop(receiver) as shop:
            customer = shop.sdk.v1.customers.create(options={"idempotency_key": "customer-1"})
            receiver.wait_for(1)
        (event,) = receiver.events
        assert event["request"] == {
            "id": customer.last_response.headers["request-id"],
            "idempotency_key": "customer-1",
        }
        assert (event["type"], event["livemode"], event["created"]) == ("customer.created", False, customer.created)
        assert event["api_version"] == stripe.api_version

    def test_decline_and_cancellation_are_told(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening(), open_shop(receiver) as shop:
            intent = shop.payments.create(params={"amount": 500, "currency": "usd"})
            with pytest.raises(stripe.CardError):
                shop.payments.confirm(intent.id, params={"payment_method": "pm_card_chargeDeclined"})
            shop.payments.cancel(intent.id)
            receiver.wait_for(4)
        assert sorted(receiver.types()) == [
            "charge.failed",
            "payment_intent.canceled",
            "payment_intent.created",
            "payment_intent.payment_failed",
        ]

    def test_replayed_and_refused_requests_make_no_event(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening(), open_shop(receiver) as shop:
            for _ in range(2):
                shop.sdk.v1.customers.create(options={"idempotency_key": "customer-2"})
            with pytest.raises(stripe.InvalidRequestError):
                shop.sdk.v1.customers.create(params={"email": "nobody"})
            events = shop.sdk.v1.events.list().data
        assert [event.type for event in events] == ["customer.created"]

    def test_list_filters_by_type_and_success(self, open_shop: OpenShop, receiver: Receiver) -> None:
        def types(**params: Any) -> list[str]:
            return [event.type for event in shop.sdk.v1.events.list(params=params).data]

        with receiver.listening(), open_shop(receiver) as shop:
            shop.pay()
            shop.wait_until_settled()
            shop.set_faults(webhook_pause=True)
            shop.create_customers(1)
            assert types(type="charge.succeeded") == ["charge.succeeded"]
            assert types(type="payment_intent.*") == ["payment_intent.succeeded", "payment_intent.created"]
            assert types(types=["charge.succeeded", "customer.created"]) == ["customer.created", "charge.succeeded"]
            assert types(delivery_success=False) == ["customer.created"]
            assert "customer.created" not in types(delivery_success=True)
            newest, *older = shop.sdk.v1.events.list().data
            assert newest.pending_webhooks == 1
            assert {event.pending_webhooks for event in older} == {0}
            assert shop.sdk.v1.events.retrieve(newest.id).to_dict() == newest.to_dict()


class TestDelivery:
    def test_receiver_that_was_down_gets_everything(
        self, open_shop: OpenShop, receiver: Receiver, wait_until: WaitUntil
    ) -> None:
        with open_shop(receiver) as shop:
            customers = shop.create_customers(COUNT)
            wait_until(
                lambda: all(item["attempts"] >= 2 for item in shop.deliveries()["items"]), "all were tried twice"
            )
            assert shop.deliveries()["items"][0]["last_error"].startswith("ConnectError")
            with receiver.listening():
                receiver.wait_for(COUNT)
                shop.wait_until_settled()
        assert sorted(receiver.subject_ids()) == sorted(customers)

    def test_refusing_receiver_is_asked_again(
        self, open_shop: OpenShop, receiver: Receiver, wait_until: WaitUntil
    ) -> None:
        receiver.answer_status = 503
        with receiver.listening(), open_shop(receiver) as shop:
            shop.create_customers(1)
            wait_until(lambda: receiver.refused_count >= 2, "the receiver has refused twice")
            receiver.answer_status = 200
            receiver.wait_for(1)
            shop.wait_until_settled()
            (delivery,) = shop.deliveries()["items"]
        assert (delivery["state"], delivery["last_status"], delivery["last_error"]) == ("delivered", 200, None)
        assert delivery["attempts"] == receiver.refused_count + 1

    def test_attempts_are_bounded(self, open_shop: OpenShop, receiver: Receiver) -> None:
        receiver.answer_status = 500
        retry = RetrySchedule(base_seconds=0.01, cap_seconds=0.02, max_attempts=3)
        with receiver.listening(), open_shop(receiver, retry=retry) as shop:
            shop.create_customers(1)
            shop.wait_until_settled()
            (delivery,) = shop.deliveries(state="failed")["items"]
        assert (delivery["attempts"], receiver.refused_count) == (3, 3)
        assert delivery["last_error"] == "The receiver answered 500."

    def test_what_is_owed_survives_a_restart(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with open_shop(receiver) as shop:
            customers = shop.create_customers(COUNT)
        with receiver.listening(), open_shop(receiver) as shop:
            receiver.wait_for(COUNT)
            shop.wait_until_settled()
        assert sorted(receiver.subject_ids()) == sorted(customers)

    def test_redelivery_repeats_one_or_all(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening(), open_shop(receiver) as shop:
            shop.create_customers(3)
            receiver.wait_for(3)
            first = receiver.events[0]["id"]
            answer = shop.http.post("/_simulator/webhooks/redeliver", json={"event_id": first})
            assert answer.json() == {"redelivered": 1}
            receiver.wait_for(4)
            assert shop.http.post("/_simulator/webhooks/redeliver", json={"all": True}).json() == {"redelivered": 3}
            receiver.wait_for(7)
            shop.wait_until_settled()
        assert receiver.events[3] == receiver.events[0]
        ids = [event["id"] for event in receiver.events]
        assert sorted(ids.count(event_id) for event_id in set(ids)) == [2, 2, 3]

    @pytest.mark.parametrize(("body", "status"), [({"event_id": "evt_none"}, 404), ({}, 422), ({"all": False}, 422)])
    def test_wrong_redelivery_is_refused(
        self, open_shop: OpenShop, receiver: Receiver, body: dict[str, Any], status: int
    ) -> None:
        with open_shop(receiver) as shop:
            assert shop.http.post("/_simulator/webhooks/redeliver", json=body).status_code == status

    def test_without_a_receiver_events_are_only_recorded(self, open_shop: OpenShop) -> None:
        with open_shop() as shop:
            shop.create_customers(1)
            assert [event.pending_webhooks for event in shop.sdk.v1.events.list().data] == [0]
            answer = shop.http.post("/_simulator/webhooks/redeliver", json={"all": True})
            assert (answer.status_code, shop.http.get("/health").status_code) == (409, 200)


class TestFaults:
    def test_duplicates_arrive_as_the_same_event(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening(), open_shop(receiver) as shop:
            shop.set_faults(webhook_duplicates=2)
            shop.create_customers(2)
            receiver.wait_for(6)
            shop.wait_until_settled()
        ids = [event["id"] for event in receiver.events]
        assert sorted(ids.count(event_id) for event_id in set(ids)) == [3, 3]

    def test_pause_holds_everything_back(self, open_shop: OpenShop, receiver: Receiver, wait_until: WaitUntil) -> None:
        with receiver.listening(), open_shop(receiver) as shop:
            shop.set_faults(webhook_pause=True)
            shop.create_customers(COUNT)
            assert shop.deliveries()["counts"] == {"pending": COUNT, "delivered": 0, "failed": 0}
            assert {item["attempts"] for item in shop.deliveries()["items"]} == {0}
            shop.set_faults()
            receiver.wait_for(COUNT)

    def shuffled(self, open_shop: OpenShop, receiver: Receiver, *, name: str, seed: int) -> list[int]:
        """Places in order of creation, in order of arrival."""
        receiver.events.clear()
        with open_shop(receiver, name=name) as shop:
            shop.set_faults(webhook_pause=True)
            customers = shop.create_customers(COUNT)
            shop.set_faults(webhook_shuffle=True, seed=seed)
            receiver.wait_for(COUNT)
        return [customers.index(customer) for customer in receiver.subject_ids()]

    def test_shuffled_order_is_that_of_the_seed(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening():
            first = self.shuffled(open_shop, receiver, name="first", seed=7)
            again = self.shuffled(open_shop, receiver, name="again", seed=7)
            other = self.shuffled(open_shop, receiver, name="other", seed=8)
        assert sorted(first) == list(range(COUNT))
        assert first not in ([*range(COUNT)], other)
        assert again == first

    def test_new_events_are_gathered_and_shuffled(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening(), open_shop(receiver, seed=3) as shop:
            shop.set_faults(webhook_shuffle=True, webhook_shuffle_window_ms=1500)
            assert shop.faults()["seed"] == 3
            customers = shop.create_customers(COUNT)
            receiver.wait_for(COUNT)
        assert sorted(receiver.subject_ids()) == sorted(customers)
        assert receiver.subject_ids() != customers

    def test_delay_makes_events_due_later(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with open_shop(receiver) as shop:
            shop.set_faults(webhook_delay_ms=60_000)
            shop.create_customers(1)
            (delivery,) = shop.deliveries()["items"]
        assert delivery["due_at_ms"] - delivery["created_at_ms"] == 60_000
        assert delivery["attempts"] == 0

    def test_bad_signature_is_refused_and_made_good(self, open_shop: OpenShop, receiver: Receiver) -> None:
        with receiver.listening(), open_shop(receiver) as shop:
            shop.set_faults(webhook_bad_signature_next=2)
            shop.create_customers(1)
            receiver.wait_for(1)
            assert shop.faults()["webhook_bad_signature_next"] == 0
        assert receiver.refused_count == 2


class TestQueue:
    def test_each_delivery_is_due_at_its_millisecond_and_awaited_before(self, tmp_path: Path) -> None:
        config = SimulatorConfig(data=tmp_path / "s", webhook_url="http://shop.example", webhook_secret=SECRET)
        faults = FaultBox(seed=0)
        faults.replace(Faults(webhook_delay_ms=1000))
        with closing(Database(config.data)) as database:
            queue = DeliveryQueue(database, config, faults)
            queue.add("evt_1")
            due_at = queue.latest(state=None, event_id="evt_1", limit=1)[0]["due_at_ms"]
            assert queue.due(due_at - 1, limit=10, excluding=set()) == []
            assert queue.next_due_at_ms(due_at - 1) == due_at
            (delivery,) = queue.due(due_at, limit=10, excluding=set())
            assert queue.due(due_at, limit=10, excluding={delivery.id}) == []
            assert queue.next_due_at_ms(due_at) is None


class TestConfig:
    def test_waits_double_up_to_the_cap_and_end(self) -> None:
        schedule = RetrySchedule(base_seconds=0.5, cap_seconds=3.0, max_attempts=5)
        assert [schedule.delay_seconds(attempts) for attempts in range(1, 7)] == [0.5, 1.0, 2.0, 3.0, None, None]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"webhook_url": "ftp://shop.example"},
            {"webhook_url": "shop.example/webhooks"},
            {"webhook_url": "http://shop.example"},
            {"webhook_url": "http://shop.example", "webhook_secret": ""},
            {"webhook_concurrency": 0},
        ],
    )
    def test_wrong_settings_are_refused(self, tmp_path: Path, wrong: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationInvalid):
            SimulatorConfig(data=tmp_path / "stripe.sqlite", **wrong)
