"""Customers, https://docs.stripe.com/api/customers."""

from pydantic import Field

from simulators.stripe.call import Call
from simulators.stripe.error import JsonObject
from simulators.stripe.identifier import new_id, random_text
from simulators.stripe.kind import Kind, Resource, Route
from simulators.stripe.parameter import Email, Metadata, NoParameters, Parameters, parse

KIND = Kind("customer")


class CreateParameters(Parameters):
    """Body of a creation."""

    email: Email | None = None
    name: str | None = None
    description: str | None = None
    phone: str | None = None
    metadata: Metadata = Field(default_factory=dict)


def create(call: Call) -> JsonObject:
    """Make a customer."""
    given = parse(CreateParameters, call.params)
    customer: JsonObject = {
        "id": new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": given.description or None,
        "email": given.email or None,
        "invoice_prefix": random_text(8).upper(),
        "livemode": False,
        "metadata": given.metadata,
        "name": given.name or None,
        "next_invoice_sequence": 1,
        "phone": given.phone or None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    call.objects.insert(customer)
    call.emit("customer.created", customer)
    return customer


class UpdateParameters(Parameters):
    """Body of a change; what is left out stays."""

    email: Email | None = None
    name: str | None = None
    description: str | None = None
    phone: str | None = None


def update(call: Call) -> JsonObject:
    """Change a customer."""
    given = parse(UpdateParameters, call.params)
    customer = call.subject("customer")
    changes = {name: value or None for name, value in given.model_dump(exclude_unset=True).items()}
    previous = {name: customer[name] for name, value in changes.items() if customer[name] != value}
    customer |= changes
    call.objects.update(customer)
    call.emit("customer.updated", customer, previous=previous)
    return customer


def retrieve(call: Call) -> JsonObject:
    """Answer one customer."""
    parse(NoParameters, call.params)
    return call.subject("customer")


RESOURCE = Resource(
    KIND,
    (
        Route("POST", "/v1/customers", create),
        Route("GET", "/v1/customers/{id}", retrieve),
        Route("POST", "/v1/customers/{id}", update),
    ),
)
