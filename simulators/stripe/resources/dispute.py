"""Disputes: a buyer's bank takes a payment back, https://docs.stripe.com/api/disputes.

As with Stripe's test cards, evidence that reads `winning_evidence` or `losing_evidence` decides a dispute at once.
"""

from typing import Literal

from simulators.stripe.call import Call
from simulators.stripe.error import InvalidRequest, JsonObject
from simulators.stripe.identifier import new_id
from simulators.stripe.kind import Kind, Resource, Route
from simulators.stripe.object_store import equals
from simulators.stripe.parameter import Boolean, ListParameters, NoParameters, Parameters, Reference, parse
from simulators.stripe.resources import balance_transaction

KIND = Kind("dispute", frozenset({"charge", "payment_intent"}))
# What Stripe takes for a dispute in minor units, won or lost (https://stripe.com/pricing).
DISPUTE_FEE = 1500
OPEN = ("needs_response", "under_review")


class Evidence(Parameters):
    """What the seller says."""

    uncategorized_text: str


class UpdateParameters(Parameters):
    """Body of an update."""

    evidence: Evidence
    submit: Boolean = True


class FilterParameters(ListParameters):
    """Query of the list."""

    charge: Reference | None = None
    payment_intent: Reference | None = None


def open_dispute(call: Call) -> JsonObject:
    """The bank takes back what is left of the payment that the path names. Only a bank does: no route leads here."""
    intent = call.subject("payment_intent")
    if intent["status"] != "succeeded":
        raise InvalidRequest(f"{intent['id']} has no payment to dispute.")
    charge = call.referenced("charge", intent["latest_charge"], param="charge")
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["disputed"] or left == 0:
        raise InvalidRequest(f"Charge {charge['id']} has nothing left to dispute.")
    dispute: JsonObject = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": left,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "evidence": {"uncategorized_text": None},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": intent["id"],
        "reason": "fraudulent",
        "status": OPEN[0],
    }
    _book(call, dispute, category="dispute", amount=-left, fee=DISPUTE_FEE)
    call.objects.insert(dispute)
    charge["disputed"] = True
    call.objects.update(charge)
    call.emit("charge.dispute.created", dispute)
    call.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _book(
    call: Call, dispute: JsonObject, *, category: Literal["dispute", "dispute_reversal"], amount: int, fee: int
) -> None:
    booked = balance_transaction.record(
        call, dispute, transaction_type="adjustment", reporting_category=category, amount=amount, fee=fee
    )
    dispute["balance_transactions"] = [*dispute["balance_transactions"], booked]


def update(call: Call) -> JsonObject:
    """Answer the bank. What says neither that it wins nor that it loses is thought about for ever."""
    text = parse(UpdateParameters, call.params).evidence.uncategorized_text
    dispute = _open(call)
    dispute["evidence"] = {"uncategorized_text": text}
    if text in ("winning_evidence", "losing_evidence"):
        return _decide(call, dispute, is_won=text == "winning_evidence")
    dispute["status"] = OPEN[1]
    call.objects.update(dispute)
    return dispute


def close(call: Call) -> JsonObject:
    """Give in: the dispute is lost."""
    parse(NoParameters, call.params)
    return _decide(call, _open(call), is_won=False)


def _open(call: Call) -> JsonObject:
    dispute = call.subject("dispute", param="dispute")
    if dispute["status"] not in OPEN:
        raise InvalidRequest(f"This dispute is already closed: {dispute['id']} is {dispute['status']}.")
    return dispute


def _decide(call: Call, dispute: JsonObject, *, is_won: bool) -> JsonObject:
    previous = {"status": dispute["status"]}
    dispute["status"] = "won" if is_won else "lost"
    if is_won:
        _book(call, dispute, category="dispute_reversal", amount=dispute["amount"], fee=0)
    call.objects.update(dispute)
    if is_won:
        call.emit("charge.dispute.funds_reinstated", dispute)
    call.emit("charge.dispute.closed", dispute, previous=previous)
    return dispute


def retrieve(call: Call) -> JsonObject:
    """Answer one dispute."""
    parse(NoParameters, call.params)
    return call.subject("dispute", param="dispute")


def list_all(call: Call) -> JsonObject:
    """Answer a page of disputes."""
    query = parse(FilterParameters, call.params)
    conditions = [*equals("charge", query.charge), *equals("payment_intent", query.payment_intent)]
    return call.as_list(call.objects.page("dispute", query, conditions))


RESOURCE = Resource(
    KIND,
    (
        Route("GET", "/v1/disputes", list_all),
        Route("GET", "/v1/disputes/{id}", retrieve),
        Route("POST", "/v1/disputes/{id}", update),
        Route("POST", "/v1/disputes/{id}/close", close),
    ),
)
