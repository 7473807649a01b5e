"""Event rows: facts in the envelope of the catalogue, naming prompts and users by their ids of the outside world."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from warehouse.events import EVENT_MAX_BYTES, Event, EventInvalid, parse
from warehouse.imports import value
from warehouse.imports.errors import RowInvalid
from warehouse.imports.event_storage import find_prompts, find_users, note_lines
from warehouse.imports.formats import Format
from warehouse.imports.importer import Connection, Importer, Outcome, Refusal, Row
from warehouse.imports.party import ensure_users
from warehouse.imports.record import Record
from warehouse.intake import ready
from warehouse.journal.storing import store_batch

DEFAULT_SOURCE = "import"
# As in the service; what is nested far deeper can't be written as JSON again.
DEEPEST_NESTING = 50


@dataclass(frozen=True)
class EventRow(Row):
    """One event; `envelope` is complete but for the ids of the prompt and the user."""

    envelope: dict[str, Any]
    prompt_external_id: str | None
    user_external_id: str | None

    def prompts(self) -> Iterator[str]:
        """Every prompt the event names."""
        if self.prompt_external_id is not None:
            yield self.prompt_external_id
        for item in _items(self.envelope["properties"]):
            yield item["prompt_id"]


class EventImporter(Importer[EventRow]):
    """Stores events through the journal. An operator may import any event, those only the server writes as well."""

    kind = "events"
    needed: tuple[str, ...] = ("event_id", "event_name", "occurred_at")
    optional: tuple[str, ...] = (
        "source", "prompt_external_id", "user_external_id", "anonymous_id", "session_id", "request_id", "position",
        "properties",
    )  # fmt: skip

    def __init__(self, origin: str, export: Format | None = None) -> None:
        self._origin = origin
        self._export = export
        if export is not None:
            self.needed = export.needed
            # Exports have dozens of columns beside those we read.
            self.reads_all_columns = True

    def prepare(self, connection: Connection) -> None:
        """Nothing to create: the journal has its own tables."""

    def parse(self, record: Record) -> EventRow:
        """The event a record describes. Raises `RowInvalid`."""
        if self._export is not None:
            # In quarantine it waits in our form, which can be replayed.
            record = replace(record, values=self._export.translate(record.values), raw=None)
        values = record.values
        event_name = value.trimmed(values, "event_name")
        if event_name is None:
            raise value.missing("event_name")
        properties = _properties(values.get("properties"))
        position = value.position(values, "position")
        if position is not None:
            properties.setdefault("position", position)
        return EventRow(
            record=record,
            envelope={
                "event_id": value.needed_identifier(values, "event_id"),
                "source": value.identifier(values, "source") or DEFAULT_SOURCE,
                "event_name": event_name,
                "occurred_at": value.needed_timestamp(values, "occurred_at"),
                "anonymous_id": value.identifier(values, "anonymous_id"),
                "session_id": value.identifier(values, "session_id"),
                "request_id": value.identifier(values, "request_id"),
                "properties": properties,
            },
            prompt_external_id=value.identifier(values, "prompt_external_id"),
            user_external_id=value.identifier(values, "user_external_id"),
        )

    def store(self, connection: Connection, rows: Sequence[EventRow]) -> Outcome:
        """Store one batch in the caller's transaction."""
        outcome = Outcome()
        prompts = find_prompts(connection, {name for row in rows for name in row.prompts()})
        received_at = datetime.now(UTC)
        known: list[tuple[EventRow, Event]] = []
        for row in rows:
            try:
                known.append((row, _event(row, prompts, received_at)))
            except RowInvalid as error:
                outcome.refusals.append(Refusal(row.record, error.reason, str(error)))
        events = _with_users(connection, known)
        stored = store_batch(connection, [ready(event) for event in events], origin=self._origin)
        outcome.inserted, outcome.duplicates = stored.report.stored, stored.report.duplicate
        records = [row.record for row, _ in known]
        outcome.refusals += note_lines(connection, records, stored.refused, origin=self._origin)
        return outcome


def _properties(given: Any) -> dict[str, Any]:
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError as error:
            raise RowInvalid("properties_invalid", f"properties are not JSON: {error}") from None
    if not isinstance(given, dict):
        raise RowInvalid("properties_invalid", f"properties are not a JSON object: {value.shown(given)}")
    try:
        written = orjson.dumps(given, default=str, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as error:
        raise RowInvalid("properties_invalid", f"properties can't be written as JSON: {error}") from None
    if len(written) > EVENT_MAX_BYTES:
        raise RowInvalid(
            "properties_too_large", f"properties have {len(written)} bytes; at most {EVENT_MAX_BYTES} are allowed"
        )
    # No value is nested deeper than there are brackets; only where there are many is it worth a look.
    if written.count(b"[") + written.count(b"{") > DEEPEST_NESTING and _depth(given) > DEEPEST_NESTING:
        raise RowInvalid("properties_invalid", f"properties are nested deeper than {DEEPEST_NESTING}")
    return dict(given)


def _depth(value: Any) -> int:
    """How deep lists and objects are nested, without recursion, because the depth is the file's choice."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        current, depth = waiting.pop()
        if isinstance(current, dict | list):
            deepest = max(deepest, depth)
            waiting += [(each, depth + 1) for each in (current.values() if isinstance(current, dict) else current)]
    return deepest


def _items(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a served list that name a prompt; whether they are well-formed is for the catalogue to say."""
    items = properties.get("items")
    if not isinstance(items, list):
        return []
    return [item for item in items if isinstance(item, dict) and isinstance(item.get("prompt_id"), str)]


def _event(row: EventRow, prompts: dict[str, UUID], received_at: datetime) -> Event:
    """The event with its prompts' own ids. Raises `RowInvalid` for an unknown one and for what breaks the catalogue."""
    unknown = next((name for name in row.prompts() if name not in prompts), None)
    if unknown is not None:
        raise RowInvalid("prompt_unknown", f"no prompt has the external id {value.shown(unknown)}")
    envelope = dict(row.envelope)
    if row.prompt_external_id is not None:
        envelope["prompt_id"] = prompts[row.prompt_external_id]
    if row.envelope["event_name"] == "results.served" and _items(row.envelope["properties"]):
        envelope["properties"] = {
            **row.envelope["properties"],
            "items": [_resolved(item, prompts) for item in row.envelope["properties"]["items"]],
        }
    try:
        return parse(envelope, received_at=received_at)
    except EventInvalid as error:
        raise RowInvalid(error.reason, str(error)) from None


def _resolved(item: Any, prompts: dict[str, UUID]) -> Any:
    if not isinstance(item, dict) or item.get("prompt_id") not in prompts:
        return item
    return {**item, "prompt_id": str(prompts[item["prompt_id"]])}


def _with_users(connection: Connection, known: Collection[tuple[EventRow, Event]]) -> list[Event]:
    """The events with the user each names, created where it is missing, and that user's organization."""
    named = {row.user_external_id for row, _ in known if row.user_external_id is not None}
    if not named:
        return [event for _, event in known]
    ensure_users(connection, named)
    users = find_users(connection, named)
    return [
        event.model_copy(update=users[row.user_external_id]) if row.user_external_id is not None else event
        for row, event in known
    ]
