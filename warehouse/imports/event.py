"""Event rows: facts in the envelope of the catalogue, naming prompts and users by their ids of the outside world."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from warehouse.imports import value
from warehouse.imports.errors import RowInvalid
from warehouse.imports.event_batch import EventBatch
from warehouse.imports.event_row import EventRow
from warehouse.imports.event_storage import Users, find_prompts, find_users, note_lines
from warehouse.imports.formats import Format
from warehouse.imports.importer import Connection, Importer, Outcome, Refusal
from warehouse.imports.parquet_source import ParquetSource
from warehouse.imports.party import ensure_users
from warehouse.imports.plain_events import PlainEvents
from warehouse.imports.plain_rows import read_plain
from warehouse.imports.properties import are_sound, read_properties
from warehouse.imports.record import Record
from warehouse.imports.source import Source
from warehouse.journal.packed import PackedEvents
from warehouse.journal.storing import store_packed


class EventImporter(Importer[EventRow | PlainEvents]):
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

    def read(self, source: Source) -> Iterator[EventRow | PlainEvents | Refusal]:
        """The rows of a file in their order, and what can't be one."""
        if self._export is not None or not isinstance(source, ParquetSource):
            yield from self.parse_each(source.records())
            return
        for chunk in source.chunks():
            for each in read_plain(chunk, self.parse):
                yield self.parse_or_refuse(each) if isinstance(each, Record) else each

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
            "source": value.identifier(values, "source") or value.DEFAULT_SOURCE,
            "event_name": event_name,
            "occurred_at": value.needed_timestamp(values, "occurred_at"),
            "anonymous_id": value.identifier(values, "anonymous_id"),
            "session_id": value.identifier(values, "session_id"),
            "request_id": value.identifier(values, "request_id"),
            "properties": properties,
        }
        prompt = value.identifier(values, "prompt_external_id")
        user = value.identifier(values, "user_external_id")
        is_sound = is_plain and are_sound(event_name, [properties], names_prompt=prompt is not None)
        return EventRow(record, envelope, prompt, user, is_sound)

    def store(self, connection: Connection, rows: Sequence[EventRow | PlainEvents]) -> Outcome:
        """Store one batch in the caller's transaction."""
        outcome = Outcome()
        prompts = find_prompts(connection, {name for row in rows for name in row.prompts})
        taken = EventBatch(prompts, datetime.now(UTC))
        for row in rows:
            if isinstance(row, PlainEvents) and row.prompts <= prompts.keys():
                taken.take_plain(row)
                continue
            for each in row.parts():
                try:
                    taken.take(each)
                except RowInvalid as error:
                    outcome.refusals.append(Refusal(each.record, error.reason, str(error)))
        packed = taken.packed(_users(connection, taken.users))
        if not packed:
            return outcome
        stored = store_packed(connection, PackedEvents.joined(packed), taken.event_of, origin=self._origin)
        outcome.inserted, outcome.duplicates = stored.report.stored, stored.report.duplicate
        refused = [(taken.record_of(ordinal), rejected) for ordinal, rejected in sorted(stored.refused.items())]
        outcome.refusals += note_lines(connection, refused, origin=self._origin)
        return outcome


def _users(connection: Connection, named: Collection[str]) -> Users:
    """The users that are named and their organizations, created where they are missing."""
    if not named:
        return {}
    ensure_users(connection, named)
    return find_users(connection, named)
