"""One event of a file, looked at by itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse.events import Event, EventInvalid, parse
from warehouse.imports import value
from warehouse.imports.errors import RowInvalid
from warehouse.imports.event_storage import Prompts, Users
from warehouse.imports.importer import RecordRow
from warehouse.imports.properties import items_with_prompts
from warehouse.intake import ReadyEvent, make_ready, ready


@dataclass(frozen=True)
class EventRow(RecordRow):
    """One event; `envelope` is complete but for the ids of the prompt and the user.

    Of one that is known to be sound the catalogue need not be asked.
    """

    envelope: dict[str, Any]
    prompt_external_id: str | None
    user_external_id: str | None
    is_sound: bool = False

    @property
    def prompts(self) -> list[str]:
        """Every prompt the event names."""
        items = [item["prompt_id"] for item in items_with_prompts(self.envelope["properties"])]
        return items if self.prompt_external_id is None else [self.prompt_external_id, *items]

    def check(self, prompts: Prompts, received_at: datetime) -> Event | None:
        """The event with its prompts' own ids, None where the catalogue need not be asked.

        Raises `RowInvalid` for an unknown prompt and for what breaks the catalogue.
        """
        unknown = next((name for name in self.prompts if name not in prompts), None)
        if unknown is not None:
            raise RowInvalid("prompt_unknown", f"no prompt has the external id {value.shown(unknown)}")
        if self.is_sound:
            return None
        envelope = self._resolved(prompts)
        if self.prompt_external_id is not None:
            envelope["prompt_id"] = prompts[self.prompt_external_id]
        try:
            return parse(envelope, received_at=received_at)
        except EventInvalid as error:
            raise RowInvalid(error.reason, str(error)) from None

    def ready(self, event: Event | None, prompts: Prompts, users: Users, received_at: datetime) -> ReadyEvent:
        """What `check` has found, with the user it names and that user's organization."""
        user = users[self.user_external_id] if self.user_external_id is not None else {}
        if event is not None:
            return ready(event.model_copy(update=user))
        prompt_id = prompts[self.prompt_external_id].bytes if self.prompt_external_id is not None else None
        ids: dict[str, Any] = {name: identifier.bytes for name, identifier in user.items()}
        return make_ready(**self._resolved(prompts), **ids, prompt_id=prompt_id, received_at=received_at)

    def _resolved(self, prompts: Prompts) -> dict[str, Any]:
        """The envelope, in which a served list names prompts by their own ids."""
        properties = self.envelope["properties"]
        if self.envelope.get("event_name") != "results.served" or not items_with_prompts(properties):
            return dict(self.envelope)
        items = [_resolved_item(item, prompts) for item in properties["items"]]
        return {**self.envelope, "properties": {**properties, "items": items}}


def _resolved_item(item: Any, prompts: Prompts) -> Any:
    name = item.get("prompt_id") if isinstance(item, dict) else None
    return {**item, "prompt_id": str(prompts[name])} if isinstance(name, str) and name in prompts else item
