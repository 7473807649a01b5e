"""The ledger of events: received = stored + duplicates + quarantined, for every batch, in the storing transaction.

The database refuses a line that does not add up, and with it the batch. The warehouse compares each line with the
events that arrived there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg.rows import DictRow


@dataclass(frozen=True)
class StoreReport:
    """What became of events: received = stored + duplicate + quarantined."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0

    def __add__(self, other: "StoreReport") -> "StoreReport":
        return StoreReport(
            received=self.received + other.received,
            stored=self.stored + other.stored,
            duplicate=self.duplicate + other.duplicate,
            quarantined=self.quarantined + other.quarantined,
        )


def next_batch_id(connection: psycopg.Connection[DictRow]) -> int:
    """The id of a batch that is about to be stored; its events carry it."""
    row = connection.execute("select nextval(pg_get_serial_sequence('event_batches', 'id')) as id").fetchone()
    assert row is not None
    return int(row["id"])


def record_batch(
    connection: psycopg.Connection[DictRow],
    report: StoreReport,
    *,
    origin: str,
    batch_id: int | None = None,
    days: Sequence[date] = (),
) -> None:
    """Write the line of a batch, in the caller's transaction. Nothing received is no line.

    `days` are the UTC days on which its events were received: the load looks for them in no other partition.
    """
    if not report.received:
        return
    connection.execute(
        "insert into event_batches (id, origin, received_count, stored_count, duplicate_count, quarantined_count,"
        " first_received_on, last_received_on) values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            next_batch_id(connection) if batch_id is None else batch_id,
            origin,
            report.received,
            report.stored,
            report.duplicate,
            report.quarantined,
            min(days, default=None),
            max(days, default=None),
        ],
    )
