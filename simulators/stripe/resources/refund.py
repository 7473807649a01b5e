"""Refunds: money given back, in full or in part, https://docs.stripe.com/api/refunds."""

from typing import Literal

from pydantic import Field

from simulators.stripe.call import Call
from simulators.stripe.error import InvalidParameter, InvalidRequest, JsonObject
from simulators.stripe.identifier import new_id
from simulators.stripe.kind import Kind, Resource, Route
from simulators.stripe.object_store import equals
from simulators.stripe.parameter import Amount, ListParameters, Metadata, NoParameters, Parameters, Reference, parse
from simulators.stripe.resources import balance_transaction

KIND = Kind("refund", frozenset({"balance_transaction", "charge", "payment_intent"}))


class CreateParameters(Parameters):
    """Body of a creation; without an amount all that is left is refunded."""

    payment_intent: Reference | None = None
    charge: Reference | None = None
    amount: Amount | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None
    metadata: Metadata = Field(default_factory=dict)


class FilterParameters(ListParameters):
    """Query of the list."""

    charge: Reference | None = None
    payment_intent: Reference | None = None


def create(call: Call) -> JsonObject:
    """Refund a charge, named by itself or by its payment intent."""
    given = parse(CreateParameters, call.params)
    charge = _find_charge(call, given)
    amount = _refundable(call, charge, given.amount)
    refund: JsonObject = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        "metadata": given.metadata,
        "payment_intent": charge["payment_intent"],
        "reason": given.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    # Stripe keeps its fee of the charge, so a refund costs none and returns none.
    booked = balance_transaction.record(call, refund, transaction_type="refund", amount=-amount, fee=0)
    refund["balance_transaction"] = booked["id"]
    call.objects.insert(refund)
    call.emit("refund.created", refund)
    _reduce(call, charge, amount)
    return refund


def _find_charge(call: Call, given: CreateParameters) -> JsonObject:
    if given.payment_intent is None and given.charge is None:
        raise InvalidParameter(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    charge_id = given.charge
    if given.payment_intent is not None:
        intent = call.referenced("payment_intent", given.payment_intent, param="payment_intent")
        if intent["status"] != "succeeded":
            raise InvalidRequest(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        if charge_id not in (None, intent["latest_charge"]):
            raise InvalidParameter(f"Charge {charge_id} does not belong to {intent['id']}.", param="charge")
        charge_id = intent["latest_charge"]
    charge = call.referenced("charge", str(charge_id), param="charge")
    if charge["status"] != "succeeded":
        raise InvalidRequest(f"Charge {charge['id']} has failed and cannot be refunded.", param="charge")
    return charge


def _refundable(call: Call, charge: JsonObject, requested: int | None) -> int:
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        raise InvalidRequest(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if _is_with_the_bank(call, charge):
        raise InvalidRequest(f"Charge {charge['id']} has been charged back; cannot refund.", code="charge_disputed")
    amount = left if requested is None else requested
    if amount > left:
        # Stripe gives this error no code of its own; its parameter tells it from a charge that is refunded already.
        raise InvalidRequest(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}), both in minor units of "
            f"{charge['currency']}.",
            param="amount",
        )
    return amount


def _is_with_the_bank(call: Call, charge: JsonObject) -> bool:
    """Whether a bank has taken the money back, for the time being or for good. A charge is disputed once at most."""
    disputes = call.objects.page("dispute", ListParameters(), equals("charge", charge["id"])).objects
    return any(dispute["status"] != "won" for dispute in disputes)


def _reduce(call: Call, charge: JsonObject, amount: int) -> None:
    previous = {"amount_refunded": charge["amount_refunded"]}
    charge["amount_refunded"] += amount
    if charge["amount_refunded"] == charge["amount_captured"]:
        previous["refunded"] = charge["refunded"]
        charge["refunded"] = True
    call.objects.update(charge)
    call.emit("charge.refunded", charge, previous=previous)


def retrieve(call: Call) -> JsonObject:
    """Answer one refund."""
    parse(NoParameters, call.params)
    return call.subject("refund")


def list_all(call: Call) -> JsonObject:
    """Answer a page of refunds."""
    query = parse(FilterParameters, call.params)
    conditions = [*equals("charge", query.charge), *equals("payment_intent", query.payment_intent)]
    return call.as_list(call.objects.page("refund", query, conditions))


RESOURCE = Resource(
    KIND,
    (
        Route("POST", "/v1/refunds", create),
        Route("GET", "/v1/refunds", list_all),
        Route("GET", "/v1/refunds/{id}", retrieve),
    ),
)
