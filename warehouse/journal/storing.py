"""Stores events in the application database: by COPY, each event at most once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from warehouse.events import Event
from warehouse.intake import ReadyEvent, as_json, ready
from warehouse.journal.bulk import put_rows
from warehouse.journal.event_id import remember
from warehouse.journal.ledger import StoreReport, next_batch_id, record_batch
from warehouse.journal.mark import find_marks
from warehouse.journal.packed import COLUMNS, FOUND_COLUMNS, PackedEvents
from warehouse.journal.quarantine import Rejected, quarantine

MAKE_DAYS = "select make_event_day(day) from unnest(%s::date []) as days (day)"


@dataclass(frozen=True)
class Stored:
    """What became of a batch: the counts, and what went into quarantine by its place in the batch."""

    report: StoreReport
    refused: Mapping[int, Rejected]


def store(connection: psycopg.Connection[DictRow], events: Sequence[Event], *, origin: str) -> StoreReport:
    """Store events in the caller's transaction.

    An id seen before is a duplicate for ever. Quarantined are: an event about a prompt that does not exist, and an id
    that comes again with another payload.
    """
    return store_batch(connection, [ready(event) for event in events], origin=origin).report


def store_batch(connection: psycopg.Connection[DictRow], events: Sequence[ReadyEvent], *, origin: str) -> Stored:
    """The same of events in the form in which they are stored, for those who have to know which were refused."""
    if not events:
        return Stored(StoreReport(), {})
    return store_packed(connection, PackedEvents.of(events), events.__getitem__, origin=origin)


def store_packed(
    connection: psycopg.Connection[DictRow],
    events: PackedEvents,
    event_of: Callable[[int], ReadyEvent],
    *,
    origin: str,
) -> Stored:
    """The same of events as they are copied; `event_of` tells the event of an ordinal that has to be refused."""
    with connection.transaction():
        batch_id = next_batch_id(connection)
        days = events.days()
        # The partitions of the days on which the events were received, where they are missing.
        connection.execute(MAKE_DAYS, [days])
        marks = find_marks(connection, events)
        unknown = marks.find_unknown(events)
        ids = remember(connection, events, but=frozenset(unknown))
        fresh = events if len(ids.fresh) == len(events) else events.take(ids.fresh)
        rows = marks.write(fresh, batch_id=batch_id)
        stored = put_rows(connection, "raw_events", (*COLUMNS, *FOUND_COLUMNS), rows)
        refused = {ordinal: _unknown(event_of(ordinal), origin) for ordinal in unknown}
        refused |= {ordinal: _reused(event_of(ordinal), origin) for ordinal in ids.reused}
        quarantine(connection, list(refused.values()))
        # Each count stands for itself, so that the ledger refuses a batch that lost or gained an event.
        report = StoreReport(received=len(events), stored=stored, duplicate=ids.repeated, quarantined=len(refused))
        record_batch(connection, report, origin=origin, batch_id=batch_id, days=days)
    return Stored(report, refused)


def _unknown(event: ReadyEvent, origin: str) -> Rejected:
    assert event.prompt_id is not None
    detail = f"no prompt has the id {UUID(bytes=event.prompt_id)}"
    return Rejected("events", origin, as_json(event), "prompt_unknown", detail)


def _reused(event: ReadyEvent, origin: str) -> Rejected:
    detail = f"event_id {event.event_id} of {event.source} was stored before with another payload"
    return Rejected("events", origin, as_json(event), "event_id_reused", detail)
