"""Events as the API shows them, https://docs.stripe.com/api/events."""

from dataclasses import replace

from simulators.stripe.call import Call
from simulators.stripe.error import InvalidParameter, JsonObject
from simulators.stripe.kind import Kind, Resource, Route
from simulators.stripe.object_store import Condition, one_of, starts_with
from simulators.stripe.parameter import Boolean, ListParameters, NoParameters, Reference, Texts, parse

KIND = Kind("event")

_DELIVERED = "exists (select 1 from deliveries where event_id = objects.id and state = 'delivered')"


class FilterParameters(ListParameters):
    """Query of the list; ``type`` may end in ``*``."""

    type: Reference | None = None
    types: Texts | None = None
    delivery_success: Boolean | None = None


def retrieve(call: Call) -> JsonObject:
    """Answer one event."""
    parse(NoParameters, call.params)
    return call.events.with_pending([call.subject("event")])[0]


def list_all(call: Call) -> JsonObject:
    """Answer a page of events."""
    query = parse(FilterParameters, call.params)
    if query.type is not None and query.types is not None:
        raise InvalidParameter("You may only specify one of these parameters: type, types.", param="types")
    conditions = _of_type(query)
    if query.delivery_success is not None:
        conditions.append(Condition(_DELIVERED if query.delivery_success else f"not {_DELIVERED}"))
    page = call.objects.page("event", query, conditions)
    return call.as_list(replace(page, objects=call.events.with_pending(page.objects)))


def _of_type(query: FilterParameters) -> list[Condition]:
    if query.type is None:
        return one_of("type", query.types or [])
    if query.type.endswith("*"):
        return starts_with("type", query.type[:-1])
    return one_of("type", [query.type])


RESOURCE = Resource(
    KIND,
    (
        Route("GET", "/v1/events", list_all),
        Route("GET", "/v1/events/{id}", retrieve),
    ),
)
