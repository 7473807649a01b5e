"""Reading Stripe's objects."""

from typing import Any
from uuid import UUID

import pytest

from api.payments.stripe_object import read_booking, read_failure, read_payment_intent, read_refund

ORDER_ID = UUID("01890000-0000-7000-8000-000000000001")


def intent(**fields: Any) -> dict[str, Any]:
    """A payment intent as Stripe answers it."""
    return {"id": "pi_1", "status": "succeeded", "amount": 500, "currency": "usd", **fields}


def charge(**fields: Any) -> dict[str, Any]:
    """A charge as Stripe answers it."""
    return {"id": "ch_1", "status": "succeeded", "created": 1_700_000_000, "balance_transaction": None, **fields}


class TestReadPaymentIntent:
    def test_the_currency_is_in_capitals_as_ours_are(self):
        assert read_payment_intent(intent()).currency == "USD"

    def test_the_order_is_what_the_metadata_names(self):
        assert read_payment_intent(intent(metadata={"order_id": str(ORDER_ID)})).order_id == ORDER_ID

    @pytest.mark.parametrize("metadata", [None, {}, {"order_id": ""}, {"order_id": "no uuid"}, {"order_id": None}])
    def test_metadata_somebody_else_wrote_names_no_order(self, metadata: Any):
        assert read_payment_intent(intent(metadata=metadata)).order_id is None

    def test_the_fee_is_that_of_the_balance_transaction(self):
        booked = {"fee": 44, "currency": "usd"}
        found = read_payment_intent(intent(latest_charge=charge(balance_transaction=booked)))
        assert found.charge is not None
        assert found.charge.fee_cents == 44

    @pytest.mark.parametrize("booked", [None, "txn_not_expanded", {"fee": 44, "currency": "eur"}])
    def test_a_fee_that_is_not_in_the_order_s_currency_is_not_known(self, booked: Any):
        found = read_payment_intent(intent(latest_charge=charge(balance_transaction=booked)))
        assert found.charge is not None
        assert found.charge.fee_cents is None

    @pytest.mark.parametrize("latest", [None, "ch_not_expanded", charge(status="failed")])
    def test_a_charge_that_took_nothing_is_none(self, latest: Any):
        assert read_payment_intent(intent(latest_charge=latest)).charge is None


class TestReadFailure:
    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (None, None),
            ({"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}, "lost_card"),
            ({"type": "card_error", "code": "expired_card"}, "expired_card"),
            ({"type": "card_error", "code": None}, "card_error"),
        ],
    )
    def test_the_bank_s_reason_comes_before_stripe_s(self, error: dict[str, Any] | None, reason: str | None):
        assert read_failure(error) == reason


class TestReadRefund:
    @pytest.mark.parametrize(("given", "found"), [("pi_1", "pi_1"), ({"id": "pi_1"}, "pi_1"), (None, None)])
    def test_the_payment_is_found_expanded_or_not(self, given: Any, found: str | None):
        refund = {"id": "re_1", "status": "succeeded", "amount": 5, "currency": "usd", "created": 0}
        assert read_refund({**refund, "payment_intent": given}).payment_intent_id == found


def booking(**fields: Any) -> dict[str, Any]:
    """A balance transaction as Stripe answers it."""
    return {
        "id": "txn_1", "type": "charge", "reporting_category": "charge", "amount": 460, "fee": 44, "net": 416,
        "currency": "gbp", "exchange_rate": 0.92, "created": 1_700_000_000, "available_on": 1_700_100_000,
        "source": {"id": "ch_1", "object": "charge", "amount": 500, "currency": "usd", "payment_intent": "pi_1"},
        **fields,
    }  # fmt: skip


class TestReadBooking:
    def test_an_amount_that_was_converted_is_known_in_both_currencies(self):
        found = read_booking(booking())
        assert (found.amount_cents, found.currency, found.exchange_rate) == (460, "GBP", 0.92)
        assert (found.source_amount_cents, found.source_currency) == (500, "USD")

    def test_money_that_left_left_in_the_currency_of_its_source_too(self):
        source = {"id": "re_1", "object": "refund", "amount": 500, "currency": "usd", "payment_intent": {"id": "pi_1"}}
        found = read_booking(booking(type="refund", amount=-460, fee=0, net=-460, source=source))
        assert (found.source_amount_cents, found.payment_intent_id) == (-500, "pi_1")

    def test_a_refund_that_failed_comes_back(self):
        source = {"id": "re_1", "object": "refund", "amount": 500, "currency": "usd", "payment_intent": "pi_1"}
        found = read_booking(booking(type="refund_failure", fee=0, net=460, source=source))
        assert found.source_amount_cents == 500

    def test_a_payout_belongs_to_no_payment(self):
        source = {"id": "po_1", "object": "payout", "amount": 460, "currency": "gbp"}
        found = read_booking(booking(type="payout", amount=-460, fee=0, net=-460, source=source))
        assert (found.source_object, found.payment_intent_id) == ("payout", None)

    def test_stripe_s_own_fee_has_no_source(self):
        found = read_booking(booking(type="stripe_fee", amount=0, fee=44, net=-44, source=None))
        assert (found.source_id, found.source_amount_cents, found.source_currency) == (None, None, None)
