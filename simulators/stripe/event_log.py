"""Events: what happened to which object, as it was then."""

from dataclasses import dataclass

from simulators.stripe.delivery_queue import DeliveryQueue
from simulators.stripe.error import JsonObject
from simulators.stripe.identifier import new_id
from simulators.stripe.object_store import ObjectStore

API_VERSION = "2026-10-28.endive"
"""The version whose shapes the objects have; the one stripe-python 16 asks for."""


@dataclass(frozen=True)
class Origin:
    """The API request that made something happen; both are None for what happens by itself."""

    request_id: str | None = None
    idempotency_key: str | None = None


class EventLog:
    """Writes events and owes them to the receiver, in the transaction that changed the object."""

    def __init__(self, objects: ObjectStore, deliveries: DeliveryQueue) -> None:
        self._objects = objects
        self._deliveries = deliveries

    def record(
        self, event_type: str, subject: JsonObject, *, now: int, origin: Origin, previous: JsonObject | None = None
    ) -> None:
        """Add an event with a snapshot of ``subject`` and the former values of its changed fields."""
        data: JsonObject = {"object": subject}
        if previous is not None:
            data["previous_attributes"] = previous
        event: JsonObject = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": now,
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": origin.request_id, "idempotency_key": origin.idempotency_key},
            "type": event_type,
        }
        self._objects.insert(event)
        self._deliveries.add(event["id"])

    def with_pending(self, events: list[JsonObject]) -> list[JsonObject]:
        """The events with ``pending_webhooks`` as it stands now."""
        pending = self._deliveries.pending_by_event([event["id"] for event in events])
        return [{**event, "pending_webhooks": pending[event["id"]]} for event in events]
