"""Balance transactions: every movement of money with Stripe's fee and what is left after it.

See https://docs.stripe.com/api/balance_transactions. Funds are available at once, as with Stripe's test cards that
skip the pending balance.
"""

from typing import Literal

from simulators.stripe.call import Call
from simulators.stripe.error import JsonObject
from simulators.stripe.identifier import new_id
from simulators.stripe.kind import Kind, Resource, Route
from simulators.stripe.object_store import equals
from simulators.stripe.parameter import Currency, ListParameters, NoParameters, Reference, parse

KIND = Kind("balance_transaction", frozenset({"source"}))


class FilterParameters(ListParameters):
    """Query of the list."""

    type: Reference | None = None
    source: Reference | None = None
    currency: Currency | None = None


def charge_fee(amount: int) -> int:
    """Stripe's fee on a charge in minor units: 2.9 % rounded half up, plus 30 (https://stripe.com/pricing)."""
    return (amount * 29 + 500) // 1000 + 30


def record(
    call: Call,
    source: JsonObject,
    *,
    transaction_type: Literal["charge", "refund", "adjustment"],
    amount: int,
    fee: int,
    reporting_category: str | None = None,
) -> JsonObject:
    """Book a movement of ``amount`` minor units (negative when money leaves) that ``source`` caused.

    Its category in reports is its type where none is given.
    """
    transaction: JsonObject = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": call.now,
        "balance_type": "payments",
        "created": call.now,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": _fee_details(fee, source["currency"]),
        "net": amount - fee,
        "reporting_category": reporting_category or transaction_type,
        "source": source["id"],
        "status": "available",
        "type": transaction_type,
    }
    call.objects.insert(transaction)
    return transaction


def _fee_details(fee: int, currency: str) -> list[JsonObject]:
    if fee == 0:
        return []
    return [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]


def retrieve(call: Call) -> JsonObject:
    """Answer one balance transaction."""
    parse(NoParameters, call.params)
    return call.subject("balance_transaction")


def list_all(call: Call) -> JsonObject:
    """Answer a page of balance transactions."""
    query = parse(FilterParameters, call.params)
    conditions = [
        *equals("type", query.type),
        *equals("source", query.source),
        *equals("currency", query.currency),
    ]
    return call.as_list(call.objects.page("balance_transaction", query, conditions))


RESOURCE = Resource(
    KIND,
    (
        Route("GET", "/v1/balance_transactions", list_all),
        Route("GET", "/v1/balance_transactions/{id}", retrieve),
    ),
)
