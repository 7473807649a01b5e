"""Event rows: facts in the envelope of the catalogue, naming prompts and users by their ids of the outside world."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from msgspec import structs

from warehouse.events import Event, EventInvalid, parse
from warehouse.imports import value
from warehouse.imports.errors import RowInvalid
from warehouse.imports.event_storage import find_prompts, find_users, note_lines
from warehouse.imports.formats import Format
from warehouse.imports.importer import Connection, Importer, Outcome, RecordRow, Refusal
from warehouse.imports.parquet_source import ParquetSource
from warehouse.imports.party import ensure_users
from warehouse.imports.plain_event import DEFAULT_SOURCE, PlainEvent, plain_events
from warehouse.imports.properties import are_sound, items_with_prompts, read_properties
from warehouse.imports.record import Record
from warehouse.imports.source import Source
from warehouse.intake import ReadyEvent, make_ready, ready
from warehouse.journal.storing import store_batch

Prompts = Mapping[str, UUID]
Users = Mapping[str, Mapping[str, UUID]]


@dataclass(frozen=True)
class EventRow(RecordRow):
    """One event; `envelope` is complete but for the ids of the prompt and the user.

    Of one that is known to be sound the catalogue need not be asked.
    """

    envelope: dict[str, Any]
    prompt_external_id: str | None
    user_external_id: str | None
    is_sound: bool = False
    event: ClassVar[None] = None

    def prompts(self) -> Iterator[str]:
        """Every prompt the event names."""
        if self.prompt_external_id is not None:
            yield self.prompt_external_id
        for item in items_with_prompts(self.envelope["properties"]):
            yield item["prompt_id"]


AnyEvent = EventRow | PlainEvent


class EventImporter(Importer[AnyEvent]):
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

    def read(self, source: Source) -> Iterator[AnyEvent | Refusal]:
        """The rows of a file in their order, and what can't be one."""
        if self._export is not None or not isinstance(source, ParquetSource):
            yield from self.parse_each(source.records())
            return
        for chunk in source.chunks():
            for index, plain in enumerate(plain_events(chunk)):
                yield plain or self.parse_or_refuse(chunk.record(index))

    def parse(self, record: Record) -> EventRow:
        """The event a record describes. Raises `RowInvalid`."""
        if self._export is not None:
            # In quarantine it waits in our form, which can be replayed.
            record = structs.replace(record, values=self._export.translate(record.values), raw=None)
        values = record.values
        event_name = value.trimmed(values, "event_name")
        if event_name is None:
            raise value.missing("event_name")
        properties, is_plain = read_properties(values.get("properties"))
        position = value.position(values, "position")
        if position is not None:
            properties.setdefault("position", position)
        envelope: dict[str, Any] = {
            "event_id": value.needed_identifier(values, "event_id"),
            "source": value.identifier(values, "source") or DEFAULT_SOURCE,
            "event_name": event_name,
            "occurred_at": value.needed_timestamp(values, "occurred_at"),
            "anonymous_id": value.identifier(values, "anonymous_id"),
            "session_id": value.identifier(values, "session_id"),
            "request_id": value.identifier(values, "request_id"),
            "properties": properties,
        }
        prompt = value.identifier(values, "prompt_external_id")
        user = value.identifier(values, "user_external_id")
        is_sound = is_plain and are_sound(event_name, properties, names_prompt=prompt is not None)
        return EventRow(record, envelope, prompt, user, is_sound)

    def store(self, connection: Connection, rows: Sequence[AnyEvent]) -> Outcome:
        """Store one batch in the caller's transaction."""
        outcome = Outcome()
        prompts = find_prompts(connection, {name for row in rows if row.event is None for name in row.prompts()})
        received_at = datetime.now(UTC)
        known: list[tuple[AnyEvent, Event | None]] = []
        for row in rows:
            try:
                known.append((row, None if row.event is not None else _event(row, prompts, received_at)))
            except RowInvalid as error:
                outcome.refusals.append(Refusal(row.record, error.reason, str(error)))
        users = _users(connection, {row.user_external_id for row, _ in known if row.user_external_id is not None})
        events = [row.event or _ready(row, event, prompts, users, received_at) for row, event in known]
        stored = store_batch(connection, events, origin=self._origin)
        outcome.inserted, outcome.duplicates = stored.report.stored, stored.report.duplicate
        refused = [(known[ordinal][0].record, rejected) for ordinal, rejected in sorted(stored.refused.items())]
        outcome.refusals += note_lines(connection, refused, origin=self._origin)
        return outcome


def _event(row: AnyEvent, prompts: Prompts, received_at: datetime) -> Event | None:
    """The event with its prompts' own ids, None where the catalogue need not be asked.

    Raises `RowInvalid` for an unknown prompt and for what breaks the catalogue.
    """
    unknown = next((name for name in row.prompts() if name not in prompts), None)
    if unknown is not None:
        raise RowInvalid("prompt_unknown", f"no prompt has the external id {value.shown(unknown)}")
    if row.is_sound:
        return None
    envelope = _resolved(row, prompts)
    if row.prompt_external_id is not None:
        envelope["prompt_id"] = prompts[row.prompt_external_id]
    try:
        return parse(envelope, received_at=received_at)
    except EventInvalid as error:
        raise RowInvalid(error.reason, str(error)) from None


def _resolved(row: AnyEvent, prompts: Prompts) -> dict[str, Any]:
    """The envelope, in which a served list names prompts by their own ids."""
    properties = row.envelope["properties"]
    if row.envelope["event_name"] != "results.served" or not items_with_prompts(properties):
        return dict(row.envelope)
    items = [_resolved_item(item, prompts) for item in properties["items"]]
    return {**row.envelope, "properties": {**properties, "items": items}}


def _resolved_item(item: Any, prompts: Prompts) -> Any:
    name = item.get("prompt_id") if isinstance(item, dict) else None
    return {**item, "prompt_id": str(prompts[name])} if isinstance(name, str) and name in prompts else item


def _users(connection: Connection, named: Collection[str]) -> Users:
    """The users that are named and their organizations, created where they are missing."""
    if not named:
        return {}
    ensure_users(connection, named)
    return find_users(connection, named)


def _ready(row: AnyEvent, event: Event | None, prompts: Prompts, users: Users, received_at: datetime) -> ReadyEvent:
    """The event with the user it names, and that user's organization."""
    user = users[row.user_external_id] if row.user_external_id is not None else {}
    if event is not None:
        return ready(event.model_copy(update=user))
    prompt_id = prompts[row.prompt_external_id].bytes if row.prompt_external_id is not None else None
    ids: dict[str, Any] = {name: identifier.bytes for name, identifier in user.items()}
    return make_ready(**_resolved(row, prompts), **ids, prompt_id=prompt_id, received_at=received_at)
