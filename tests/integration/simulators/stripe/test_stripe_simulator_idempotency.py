"""Idempotency keys: one payment however often it is asked for, also over faults and restarts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.simulators.stripe.conftest import OpenShop, Shop

PAYMENT = {"amount": 1234, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}


def pay(shop: Shop, key: str, **changes: Any) -> Any:
    return shop.payments.create(params={**PAYMENT, **changes}, options={"idempotency_key": key})


def payment_count(shop: Shop) -> int:
    return len(list(shop.payments.list(params={"limit": 100}).auto_paging_iter()))


@pytest.fixture(autouse=True)
def _faults_end_with_the_test(shop: Shop) -> Iterator[None]:
    yield
    shop.set_faults()


class TestReplay:
    def test_same_request_gets_the_same_answer(self, shop: Shop) -> None:
        before = payment_count(shop)
        first = pay(shop, "order-1")
        second = pay(shop, "order-1")
        assert first.last_response.body == second.last_response.body
        assert "idempotent-replayed" not in first.last_response.headers
        assert second.last_response.headers["idempotent-replayed"] == "true"
        assert second.last_response.headers["original-request"] == first.last_response.headers["request-id"]
        assert second.last_response.headers["request-id"] != first.last_response.headers["request-id"]
        assert payment_count(shop) == before + 1

    def test_replay_shows_the_past(self, shop: Shop) -> None:
        params = {"amount": 100, "currency": "usd"}
        created = shop.payments.create(params=params, options={"idempotency_key": "order-2"})
        shop.payments.cancel(created.id)
        replayed = shop.payments.create(params=params, options={"idempotency_key": "order-2"})
        assert (replayed.id, replayed.status) == (created.id, "requires_payment_method")

    def test_order_of_parameters_does_not_matter(self, shop: Shop) -> None:
        first = pay(shop, "order-3")
        backwards = dict(reversed(PAYMENT.items()))
        assert shop.payments.create(params=backwards, options={"idempotency_key": "order-3"}).id == first.id

    def test_decline_is_replayed(self, shop: Shop) -> None:
        answers = []
        for _ in range(2):
            with pytest.raises(stripe.CardError) as caught:
                pay(shop, "order-4", payment_method="pm_card_chargeDeclined")
            answers.append(caught.value)
        assert answers[0].http_body == answers[1].http_body
        assert answers[1].headers is not None
        assert answers[1].headers["idempotent-replayed"] == "true"

    def test_refusal_by_state_is_replayed(self, shop: Shop) -> None:
        intent = pay(shop, "order-5")
        for _ in range(2):
            with pytest.raises(stripe.InvalidRequestError) as caught:
                shop.payments.cancel(intent.id, options={"idempotency_key": "cancel-5"})
        assert caught.value.headers is not None
        assert caught.value.headers["idempotent-replayed"] == "true"

    def test_invalid_parameters_do_not_use_up_the_key(self, shop: Shop) -> None:
        with pytest.raises(stripe.InvalidRequestError):
            pay(shop, "order-6", amount=0)
        assert pay(shop, "order-6").status == "succeeded"

    def test_without_a_key_each_request_counts(self, shop: Shop) -> None:
        customers = {shop.sdk.v1.customers.create(params={"name": "same"}).id for _ in range(3)}
        assert len(customers) == 3

    @settings(max_examples=25, deadline=None)
    @given(metadata=st.dictionaries(st.from_regex(r"\A[^\[\]\s\x00]{1,40}\Z"), st.text(min_size=1, max_size=50)))
    def test_any_metadata_comes_back_and_is_replayed(self, shop: Shop, metadata: dict[str, str]) -> None:
        key = f"metadata-{sorted(metadata.items())!r}".encode().hex()[:200]
        created = shop.payments.create(params={"amount": 1, "currency": "usd", "metadata": metadata})
        assert created.metadata.to_dict() == metadata
        options: Any = {"idempotency_key": key}
        made = [shop.sdk.v1.customers.create(params={"metadata": metadata}, options=options) for _ in range(2)]
        assert made[0].id == made[1].id


class TestMismatch:
    def test_other_parameters_are_refused(self, shop: Shop) -> None:
        pay(shop, "order-7")
        with pytest.raises(stripe.IdempotencyError, match="same parameters they were first used with") as caught:
            pay(shop, "order-7", amount=1235)
        assert caught.value.http_status == 400

    def test_other_endpoint_is_refused(self, shop: Shop) -> None:
        pay(shop, "order-8")
        with pytest.raises(stripe.IdempotencyError, match="same endpoint they were first used for"):
            shop.sdk.v1.customers.create(options={"idempotency_key": "order-8"})

    def test_first_answer_survives_a_mismatch(self, shop: Shop) -> None:
        first = pay(shop, "order-9")
        with pytest.raises(stripe.IdempotencyError):
            pay(shop, "order-9", amount=1)
        assert pay(shop, "order-9").id == first.id

    def test_overlong_key_is_refused(self, shop: Shop) -> None:
        with pytest.raises(stripe.InvalidRequestError, match="at most 255 characters"):
            pay(shop, "k" * 256)


class TestConcurrency:
    def test_second_request_meets_a_conflict_and_then_the_answer(self, shop: Shop) -> None:
        before = payment_count(shop)
        shop.set_faults(latency_ms=1000)
        together = threading.Barrier(2)

        def attempt(_: int) -> str | None:
            together.wait()
            try:
                return str(pay(shop, "order-10").status)
            except stripe.APIError as error:
                return error.error.code if error.error else None

        with ThreadPoolExecutor(2) as pool:
            outcomes = set(pool.map(attempt, range(2)))
        shop.set_faults()
        assert outcomes == {"succeeded", "idempotency_key_in_use"}
        assert pay(shop, "order-10").last_response.headers["idempotent-replayed"] == "true"
        assert payment_count(shop) == before + 1


class TestFaults:
    @pytest.mark.parametrize(
        ("status", "error"), [(500, stripe.APIError), (503, stripe.APIError), (429, stripe.RateLimitError)]
    )
    def test_failure_on_demand_leaves_the_key_free(
        self, shop: Shop, status: int, error: type[stripe.StripeError]
    ) -> None:
        before = payment_count(shop)
        shop.set_faults(fail_next=2, fail_status=status)
        for _ in range(2):
            with pytest.raises(error) as caught:
                shop.payments.create(params=PAYMENT, options={"idempotency_key": f"fault-{status}"})
            assert caught.value.http_status == status
        assert pay(shop, f"fault-{status}").status == "succeeded"
        assert payment_count(shop) == before + 1
        assert shop.faults()["fail_next"] == 0

    def test_dropped_connection_hides_a_payment_that_was_made(self, shop: Shop) -> None:
        before = payment_count(shop)
        shop.set_faults(drop_connection_next=1)
        with pytest.raises(stripe.APIConnectionError, match="Connection aborted"):
            pay(shop, "order-11")
        assert payment_count(shop) == before + 1
        assert pay(shop, "order-11").last_response.headers["idempotent-replayed"] == "true"
        assert payment_count(shop) == before + 1

    def test_sdk_gets_over_a_dropped_connection_by_itself(self, shop: Shop) -> None:
        shop.set_faults(drop_connection_next=1)
        intent = shop.payments.create(params=PAYMENT, options={"max_network_retries": 1})
        assert intent.status == "succeeded"
        assert intent.last_response.headers["idempotent-replayed"] == "true"

    @pytest.mark.parametrize("faults", [{"fail_next": -1}, {"fail_status": 404}, {"fail_often": 1}])
    def test_unknown_fault_is_refused(self, shop: Shop, faults: dict[str, int]) -> None:
        assert shop.http.put("/_simulator/faults", json=faults).status_code == 422


class TestRestart:
    def test_answers_and_objects_are_kept(self, open_shop: OpenShop) -> None:
        with open_shop() as shop:
            first = pay(shop, "order-12")
        with open_shop() as shop:
            second = pay(shop, "order-12")
            assert second.last_response.body == first.last_response.body
            assert second.last_response.headers["idempotent-replayed"] == "true"
            assert payment_count(shop) == 1
            assert shop.refunds.create(params={"payment_intent": first.id}).status == "succeeded"
            with pytest.raises(stripe.IdempotencyError):
                pay(shop, "order-12", amount=1)
