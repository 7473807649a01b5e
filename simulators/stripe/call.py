"""One request to the API, as the endpoints see it."""

import time
from dataclasses import dataclass, field

from simulators.stripe.error import JsonObject, ReferenceMissing, ResourceMissing
from simulators.stripe.event_log import EventLog, Origin
from simulators.stripe.object_store import ObjectStore, Page


@dataclass(frozen=True)
class Call:
    """A request with everything an endpoint needs to answer it. All times in it are the same second."""

    method: str
    path: str
    params: JsonObject
    objects: ObjectStore
    events: EventLog
    origin: Origin
    id: str = ""
    now: int = field(default_factory=lambda: int(time.time()))
    """Epoch seconds."""

    def subject(self, kind: str, *, param: str = "id") -> JsonObject:
        """The object the path names; 404 when there is none of the kind."""
        found = self.objects.get(kind, self.id)
        if found is None:
            raise ResourceMissing(kind, self.id, param=param)
        return found

    def referenced(self, kind: str, object_id: str, *, param: str) -> JsonObject:
        """The object a parameter names; 400 when there is none of the kind."""
        found = self.objects.get(kind, object_id)
        if found is None:
            raise ReferenceMissing(kind, object_id, param=param)
        return found

    def emit(self, event_type: str, subject: JsonObject, *, previous: JsonObject | None = None) -> None:
        """Record that something happened to an object as it now is, and owe it to the webhook receiver."""
        self.events.record(event_type, subject, now=self.now, origin=self.origin, previous=previous)

    def as_list(self, page: Page) -> JsonObject:
        """The answer of a list endpoint."""
        return {"object": "list", "data": page.objects, "has_more": page.has_more, "url": self.path}
