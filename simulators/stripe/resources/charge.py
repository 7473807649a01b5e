"""Charges: one attempt each to take a payment, https://docs.stripe.com/api/charges."""

from simulators.stripe.call import Call
from simulators.stripe.error import JsonObject
from simulators.stripe.identifier import new_id
from simulators.stripe.kind import Kind, Resource, Route
from simulators.stripe.object_store import equals
from simulators.stripe.parameter import ListParameters, NoParameters, Reference, parse
from simulators.stripe.resources import balance_transaction
from simulators.stripe.resources.payment_method import Decline

KIND = Kind("charge", frozenset({"balance_transaction", "customer", "payment_intent"}))


class FilterParameters(ListParameters):
    """Query of the list."""

    customer: Reference | None = None
    payment_intent: Reference | None = None
    transfer_group: Reference | None = None


def succeed(call: Call, intent: JsonObject, payment_method: JsonObject) -> JsonObject:
    """Charge the intent's amount and book it."""
    charge = _draft(call, intent, payment_method)
    amount = charge["amount"]
    charge |= {
        "amount_captured": amount,
        "captured": True,
        "outcome": {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "status": "succeeded",
    }
    booked = balance_transaction.record(
        call, charge, transaction_type="charge", amount=amount, fee=balance_transaction.charge_fee(amount)
    )
    charge["balance_transaction"] = booked["id"]
    call.objects.insert(charge)
    call.emit("charge.succeeded", charge)
    return charge


def fail(call: Call, intent: JsonObject, payment_method: JsonObject, decline: Decline) -> JsonObject:
    """Record an attempt that the card's bank declined; no money moves."""
    charge = _draft(call, intent, payment_method)
    charge |= {
        "failure_code": decline.code,
        "failure_message": decline.message,
        "outcome": {
            "network_status": "declined_by_network",
            "reason": decline.decline_code or decline.code,
            "risk_level": "normal",
            "seller_message": "The bank did not approve the charge.",
            "type": "issuer_declined",
        },
        "status": "failed",
    }
    call.objects.insert(charge)
    call.emit("charge.failed", charge)
    return charge


def _draft(call: Call, intent: JsonObject, payment_method: JsonObject) -> JsonObject:
    carried = ("amount", "currency", "customer", "description", "metadata", "receipt_email", "transfer_group")
    card = payment_method["card"]
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": payment_method["billing_details"],
        "captured": False,
        "created": call.now,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": payment_method["id"],
        "payment_method_details": {"card": {**card, "network": card["brand"]}, "type": "card"},
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending",
        "transfer_data": None,
        **{name: intent[name] for name in carried},
    }


def retrieve(call: Call) -> JsonObject:
    """Answer one charge."""
    parse(NoParameters, call.params)
    return call.subject("charge", param="charge")


def list_all(call: Call) -> JsonObject:
    """Answer a page of charges."""
    query = parse(FilterParameters, call.params)
    conditions = [
        *equals("customer", query.customer),
        *equals("payment_intent", query.payment_intent),
        *equals("transfer_group", query.transfer_group),
    ]
    return call.as_list(call.objects.page("charge", query, conditions))


RESOURCE = Resource(
    KIND,
    (
        Route("GET", "/v1/charges", list_all),
        Route("GET", "/v1/charges/{id}", retrieve),
    ),
)
