"""Money to the cent: fees, refunds, and balance transactions that add up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.simulators.stripe.conftest import Shop

AMOUNTS = st.integers(1, 99_999_999)
# Each example is a few HTTP requests, so fewer examples than hypothesis draws by itself.
OVER_HTTP = settings(max_examples=40, deadline=None)


def booked(shop: Shop, source: str) -> Any:
    (transaction,) = shop.sdk.v1.balance_transactions.list(params={"source": source}).data
    return transaction


class TestChargeFee:
    @pytest.mark.parametrize(
        ("amount", "fee"),
        [(1, 30), (17, 30), (18, 31), (500, 45), (1000, 59), (1999, 88), (50_000, 1480), (99_999_999, 2_900_030)],
    )
    def test_is_29_per_mille_rounded_half_up_plus_30(self, shop: Shop, amount: int, fee: int) -> None:
        assert shop.pay(amount).latest_charge.balance_transaction.fee == fee

    @OVER_HTTP
    @given(amount=AMOUNTS)
    def test_amount_less_fee_is_net(self, shop: Shop, amount: int) -> None:
        transaction = shop.pay(amount).latest_charge.balance_transaction
        percentage = (Decimal(amount) * Decimal("0.029")).quantize(Decimal(1), ROUND_HALF_UP)
        assert transaction.fee == int(percentage) + 30
        assert (transaction.amount, transaction.net) == (amount, amount - transaction.fee)
        assert sum(detail.amount for detail in transaction.fee_details) == transaction.fee


class TestDispute:
    def test_takes_back_what_is_left_and_gives_it_back_when_won(self, shop: Shop) -> None:
        intent = shop.pay(1000)
        shop.refunds.create(params={"payment_intent": intent.id, "amount": 300})
        dispute = shop.dispute(intent.id)
        assert (dispute["amount"], dispute["status"], dispute["charge"]) == (
            700, "needs_response", intent.latest_charge.id,
        )  # fmt: skip
        evidence = {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
        won = shop.sdk.v1.disputes.update(dispute["id"], params=evidence)
        assert won.status == "won"
        assert [(each.reporting_category, each.amount, each.fee, each.net) for each in won.balance_transactions] == [
            ("dispute", -700, 1500, -2200),
            ("dispute_reversal", 700, 0, 700),
        ]
        with pytest.raises(stripe.InvalidRequestError, match="already closed"):
            shop.sdk.v1.disputes.close(dispute["id"])

    def test_that_is_given_in_to_is_lost(self, shop: Shop) -> None:
        intent = shop.pay(1000)
        lost = shop.sdk.v1.disputes.close(shop.dispute(intent.id)["id"])
        assert (lost.status, len(lost.balance_transactions)) == ("lost", 1)
        assert shop.sdk.v1.charges.retrieve(intent.latest_charge.id).disputed
        [listed] = shop.sdk.v1.disputes.list(params={"payment_intent": intent.id}).data
        assert listed.id == lost.id

    @pytest.mark.parametrize("text", [None, "i am thinking", "losing_evidence"])
    def test_money_that_is_with_the_bank_is_not_refunded(self, shop: Shop, text: str | None) -> None:
        intent = shop.pay(1000)
        dispute = shop.dispute(intent.id)
        if text is not None:
            shop.sdk.v1.disputes.update(dispute["id"], params={"evidence": {"uncategorized_text": text}})
        with pytest.raises(stripe.InvalidRequestError, match="has been charged back") as caught:
            shop.refunds.create(params={"payment_intent": intent.id, "amount": 100})
        assert caught.value.code == "charge_disputed"
        assert shop.sdk.v1.charges.retrieve(intent.latest_charge.id).amount_refunded == 0

    def test_that_is_won_can_be_refunded(self, shop: Shop) -> None:
        intent = shop.pay(1000)
        evidence: Any = {"evidence": {"uncategorized_text": "winning_evidence"}}
        shop.sdk.v1.disputes.update(shop.dispute(intent.id)["id"], params=evidence)
        assert shop.refunds.create(params={"payment_intent": intent.id}).amount == 1000


class TestRefund:
    def test_full_refund_by_payment(self, shop: Shop) -> None:
        intent = shop.pay(1999)
        refund = shop.refunds.create(
            params={"payment_intent": intent.id, "reason": "requested_by_customer", "expand": ["charge"]}
        )
        assert (refund.amount, refund.status, refund.reason) == (1999, "succeeded", "requested_by_customer")
        assert (refund.charge.refunded, refund.charge.amount_refunded) == (True, 1999)
        transaction = booked(shop, refund.id)
        assert (transaction.type, transaction.amount, transaction.fee, transaction.net) == ("refund", -1999, 0, -1999)
        assert transaction.id == refund.balance_transaction

    def test_partial_refund_by_charge_leaves_the_rest(self, shop: Shop) -> None:
        charge = shop.pay(1000).latest_charge.id
        shop.refunds.create(params={"charge": charge, "amount": 300})
        after = shop.sdk.v1.charges.retrieve(charge)
        assert (after.refunded, after.amount_refunded) == (False, 300)
        assert shop.refunds.create(params={"charge": charge}).amount == 700

    def test_refunding_more_than_is_left_is_refused(self, shop: Shop) -> None:
        charge = shop.pay(1000).latest_charge.id
        shop.refunds.create(params={"charge": charge, "amount": 300})
        with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount on charge") as caught:
            shop.refunds.create(params={"charge": charge, "amount": 701})
        assert caught.value.param == "amount"
        assert shop.sdk.v1.charges.retrieve(charge).amount_refunded == 300

    def test_refunding_twice_is_refused(self, shop: Shop) -> None:
        intent = shop.pay(1000)
        shop.refunds.create(params={"payment_intent": intent.id})
        with pytest.raises(stripe.InvalidRequestError, match="has already been refunded") as caught:
            shop.refunds.create(params={"payment_intent": intent.id})
        assert caught.value.code == "charge_already_refunded"
        assert len(shop.refunds.list(params={"payment_intent": intent.id}).data) == 1

    def test_unpaid_payment_has_nothing_to_refund(self, shop: Shop) -> None:
        intent = shop.payments.create(params={"amount": 500, "currency": "usd"})
        with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
            shop.refunds.create(params={"payment_intent": intent.id})

    def test_failed_charge_has_nothing_to_refund(self, shop: Shop) -> None:
        with pytest.raises(stripe.CardError) as caught:
            shop.pay(payment_method="pm_card_chargeDeclined")
        assert caught.value.error is not None
        with pytest.raises(stripe.InvalidRequestError, match="has failed and cannot be refunded"):
            shop.refunds.create(params={"charge": caught.value.error.charge})

    def test_charge_of_another_payment_is_refused(self, shop: Shop) -> None:
        params = {"payment_intent": shop.pay().id, "charge": shop.pay().latest_charge.id}
        with pytest.raises(stripe.InvalidRequestError, match="does not belong to"):
            shop.refunds.create(params=params)

    @pytest.mark.parametrize(
        ("params", "param"),
        [({}, None), ({"charge": "ch_none"}, "charge"), ({"charge": "ch_none", "reason": "regret"}, "reason")],
    )
    def test_wrong_parameter_is_named(self, shop: Shop, params: dict[str, Any], param: str | None) -> None:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            shop.refunds.create(params=params)
        assert caught.value.param == param

    @OVER_HTTP
    @given(amount=AMOUNTS, data=st.data())
    def test_books_add_up_after_any_refunds(self, shop: Shop, amount: int, data: st.DataObject) -> None:
        charge = shop.pay(amount).latest_charge
        left = amount
        refunds = []
        for _ in range(data.draw(st.integers(1, 3))):
            part = data.draw(st.integers(1, left))
            refunds.append(shop.refunds.create(params={"charge": charge.id, "amount": part}).id)
            left -= part
            if left == 0:
                break
        entries = [booked(shop, source) for source in (charge.id, *refunds)]
        assert sum(entry.amount for entry in entries) == left
        assert sum(entry.net for entry in entries) == left - charge.balance_transaction.fee
        after = shop.sdk.v1.charges.retrieve(charge.id)
        assert (after.amount_refunded, after.refunded) == (amount - left, left == 0)


class TestBalanceTransactions:
    def test_lists_by_type_and_currency(self, shop: Shop) -> None:
        intent = shop.pay(1000, currency="chf")
        refund = shop.refunds.create(params={"payment_intent": intent.id})
        of_refunds = shop.sdk.v1.balance_transactions.list(params={"type": "refund", "currency": "chf"})
        assert [entry.id for entry in of_refunds.data] == [refund.balance_transaction]
        both = shop.sdk.v1.balance_transactions.list(params={"currency": "chf"})
        assert [entry.type for entry in both.data] == ["refund", "charge"]

    def test_pages_follow_one_another(self, shop: Shop) -> None:
        made = [shop.pay(1000 + n, currency="sek").latest_charge.balance_transaction.id for n in range(5)]
        pages = shop.sdk.v1.balance_transactions.list(params={"currency": "sek", "limit": 2})
        assert [entry.id for entry in pages.auto_paging_iter()] == made[::-1]

    def test_source_is_expanded_to_what_caused_it(self, shop: Shop) -> None:
        charge = shop.pay().latest_charge
        transaction = shop.sdk.v1.balance_transactions.retrieve(
            charge.balance_transaction.id, params={"expand": ["source.payment_intent"]}
        )
        source: Any = transaction.source
        assert (source.id, source.payment_intent.id) == (charge.id, charge.payment_intent)
