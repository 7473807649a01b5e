"""Takes what waits in quarantine through its import once more, after whatever was in the way has been mended."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace
from psycopg.rows import DictRow

from warehouse.events import is_server_only
from warehouse.imports.batch import Batch, Batches, OnRefused, gather
from warehouse.imports.catalog import CatalogImporter, NameVariables, name_no_variables
from warehouse.imports.errors import RowInvalid
from warehouse.imports.event import EventImporter
from warehouse.imports.event_row import EventRow
from warehouse.imports.formats import find_format
from warehouse.imports.importer import Connection, Importer, Refusal
from warehouse.imports.json_source import read_object
from warehouse.imports.order import OrderImporter
from warehouse.imports.record import Record
from warehouse.imports.report import Report
from warehouse.imports.run import ignore
from warehouse.journal.quarantine import Kind

# In this order what one kind was missing may just have come with the kind before.
KINDS: tuple[Kind, ...] = ("catalog", "orders", "events")
ROWS_AT_ONCE = 1000
ORIGIN = "quarantine"
# What clients sent is refused by the API for more reasons than these. The others are final: a name only the server may
# use, or a value nobody can store, does not become right by waiting.
ORIGIN_OF_CLIENTS = "api"
MENDABLE_REASONS_OF_CLIENTS = frozenset({
    "envelope_invalid", "event_name_malformed", "occurred_at_ancient", "occurred_at_future", "prompt_missing",
    "prompt_unknown", "properties_invalid",
})  # fmt: skip
# The forms in which an event may wait: a row of a file names prompts and users by their ids of the outside world.
NAMES_OF_ROWS = frozenset({"prompt_external_id", "user_external_id", "position"})
NAMES_OF_ENVELOPES = frozenset({"schema_version", "organization_id", "user_id", "anonymous_id", "prompt_id"})

WAITING = """
select id, origin, raw, byte_count, reason, detail from quarantine
where kind = %s and resolved_at is null and id > %s
order by id
limit %s
"""
RESOLVE = "update quarantine set resolved_at = now() where id = any(%s)"
EXPLAIN = "update quarantine set reason = %(reason)s, detail = %(detail)s where id = %(id)s and reason <> %(reason)s"


class WaitingEventImporter(EventImporter):
    """Events as they wait: rows of files, and envelopes of the service."""

    def parse(self, record: Record) -> EventRow:
        """The event a record holds. Raises `RowInvalid`."""
        names = record.values.keys()
        if names & NAMES_OF_ROWS or not names & NAMES_OF_ENVELOPES:
            return super().parse(record)
        # By how much the sender's clock was wrong, only the request could tell.
        envelope = {"properties": {}, **{name: each for name, each in record.values.items() if name != "sent_at"}}
        if not isinstance(envelope["properties"], dict):
            raise RowInvalid("properties_invalid", "properties are not a JSON object")
        return EventRow(record=record, envelope=envelope, prompt_external_id=None, user_external_id=None)


def replay(
    connection: Connection,
    kind: Kind,
    *,
    on_refused: OnRefused = ignore,
    name_variables: NameVariables = name_no_variables,
) -> Report:
    """Replay one kind; what became of its rows, whose `line` is their id in quarantine.

    Rows that are taken in now are marked resolved, the others stay with the reason of today. A replayed prompt never
    overwrites what is known: it waited while that came. `connection` must be in autocommit mode.
    """
    importer = _importer(kind, name_variables)
    importer.prepare(connection)
    batches = Batches(connection, importer, _settle, on_refused)
    # Not ahead: reading and storing share the connection.
    for batch in gather(importer.parse_each(_waiting(connection, kind))):
        batches.store(batch)
    return batches.report


def _importer(kind: Kind, name_variables: NameVariables) -> Importer[Any]:
    if kind == "catalog":
        return CatalogImporter(name_variables=name_variables, may_update=False)
    return OrderImporter() if kind == "orders" else WaitingEventImporter(ORIGIN)


def _waiting(connection: Connection, kind: Kind) -> Iterator[Record]:
    after = 0
    while rows := connection.execute(WAITING, [kind, after, ROWS_AT_ONCE]).fetchall():
        after = rows[-1]["id"]
        yield from (_record(row, kind) for row in rows)


def _record(row: DictRow, kind: Kind) -> Record:
    raw = bytes(row["raw"])
    if row["byte_count"] > len(raw):
        # Only the beginning was kept.
        return Record(row["id"], {}, len(raw), raw=raw, problem=RowInvalid(row["reason"], row["detail"]))
    record = replace(read_object(raw, row["id"]), raw=raw)
    if row["origin"] == ORIGIN_OF_CLIENTS and not _may_be_replayed(record, row["reason"]):
        return replace(record, problem=RowInvalid(row["reason"], row["detail"]))
    # Other systems export events alone: another row that happens to have such columns is still what it was.
    return _in_our_form(record) if kind == "events" and row["origin"] != ORIGIN_OF_CLIENTS else record


def _in_our_form(record: Record) -> Record:
    """The row of another system's export as a row of an events file; others as they are."""
    export = find_format(record.values)
    if export is None:
        return record
    try:
        return replace(record, values=export.translate(record.values))
    except RowInvalid as error:
        return replace(record, problem=error)


def _may_be_replayed(record: Record, reason: str) -> bool:
    """Whether what a client sent may be tried again.

    A client's event is an envelope that the service has put the client's own ids into. The form of files would let it
    name somebody else instead, and claim what only the server may.
    """
    name = record.values.get("event_name")
    is_reserved = isinstance(name, str) and is_server_only(name.strip().lower())
    return reason in MENDABLE_REASONS_OF_CLIENTS and not is_reserved and not record.values.keys() & NAMES_OF_ROWS


def _settle(connection: Connection, batch: Batch, refusals: Sequence[Refusal]) -> None:
    waiting = {refusal.record.line for refusal in refusals if not _waits_elsewhere(refusal)}
    every = [each.record.line for each in batch.rows + batch.repeated] + [each.record.line for each in batch.refusals]
    connection.execute(RESOLVE, [[line for line in every if line not in waiting]])
    for refusal in refusals:
        if refusal.record.problem is None:
            parameters = {"reason": refusal.reason, "detail": refusal.detail, "id": refusal.record.line}
            connection.execute(EXPLAIN, parameters)


def _waits_elsewhere(refusal: Refusal) -> bool:
    """Whether the journal has put it into quarantine in a form of its own: then that row waits, not this one."""
    return refusal.kept_as is not None and refusal.kept_as != hashlib.sha256(refusal.record.as_bytes()).digest()
