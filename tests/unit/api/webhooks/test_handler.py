"""Which payment a message is about."""

from typing import Any

import pytest

from api.webhooks.handler import payment_intent_of


class TestPaymentIntentOf:
    @pytest.mark.parametrize(
        "subject",
        [
            {"object": "payment_intent", "id": "pi_1"},
            {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"},
            {"object": "refund", "id": "re_1", "payment_intent": "pi_1"},
            {"object": "refund", "id": "re_1", "payment_intent": {"id": "pi_1"}},
        ],
    )
    def test_payments_charges_and_refunds_name_it(self, subject: dict[str, Any]):
        assert payment_intent_of(subject) == "pi_1"

    @pytest.mark.parametrize(
        "subject",
        [{}, {"object": "customer", "id": "cus_1"}, {"object": "charge", "payment_intent": None}, {"object": ["x"]}],
    )
    def test_everything_else_names_none(self, subject: dict[str, Any]):
        assert payment_intent_of(subject) is None
