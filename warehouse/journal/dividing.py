"""Stores events of which one may be such that it can't be stored: it costs itself alone."""

from collections.abc import Sequence

import psycopg
from psycopg.rows import DictRow

from warehouse.intake import ReadyEvent, event_of
from warehouse.journal.ledger import StoreReport, record_batch
from warehouse.journal.quarantine import Rejected, quarantine
from warehouse.journal.storing import store_batch
from warehouse.journal.stream import encode_rows

# The database refuses some; others can't even be written for it: a number too large for its column, a moment without a
# time zone, a text that is no UTF-8.
NOT_STORABLE = (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError, OverflowError)


def store_each(connection: psycopg.Connection[DictRow], events: Sequence[ReadyEvent], *, origin: str) -> StoreReport:
    """Store events in the caller's transaction; one that can't be is found by halves and quarantined alone."""
    try:
        return store_batch(connection, events, origin=origin).report
    except NOT_STORABLE as error:
        if len(events) == 1:
            quarantine(connection, [Rejected("events", origin, _raw(events[0]), "not_storable", str(error))])
            refused = StoreReport(received=1, quarantined=1)
            record_batch(connection, refused, origin=origin)
            return refused
        half = len(events) // 2
        return store_each(connection, events[:half], origin=origin) + store_each(
            connection, events[half:], origin=origin
        )


def _raw(event: ReadyEvent) -> bytes:
    """The event as JSON; as it stood in the journal when its properties are none."""
    try:
        return event_of(event).model_dump_json().encode()
    except (ValueError, TypeError, OverflowError):
        return encode_rows([event])
