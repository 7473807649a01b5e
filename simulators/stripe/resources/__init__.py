"""The resources of the API, one module each. A new one is added to ``RESOURCES`` and nowhere else."""

from simulators.stripe.kind import Kind, Resource
from simulators.stripe.resources import (
    balance_transaction,
    charge,
    customer,
    dispute,
    event,
    payment_intent,
    payment_method,
    refund,
)

RESOURCES: tuple[Resource, ...] = (
    customer.RESOURCE,
    payment_method.RESOURCE,
    payment_intent.RESOURCE,
    charge.RESOURCE,
    refund.RESOURCE,
    dispute.RESOURCE,
    balance_transaction.RESOURCE,
    event.RESOURCE,
)

KINDS: dict[str, Kind] = {resource.kind.name: resource.kind for resource in RESOURCES}
