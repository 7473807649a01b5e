"""`event_ids`: every event that was ever stored, for ever."""

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg.rows import DictRow

from warehouse.journal.bulk import fill, put_rows
from warehouse.journal.packed import KEY, KEY_FIELDS, PackedEvents

Connection = psycopg.Connection[DictRow]

COLUMNS = ("id", "payload_hash", "received_at")
ARRIVING = np.dtype([*KEY.descr, ("ordinal_bytes", ">i4"), ("ordinal", ">i8")])
ARRIVE = """
create temporary table arriving_ids (id uuid, payload_hash uuid, received_at timestamptz, ordinal bigint)
on commit drop
"""
# The first of several sendings of one id inside the batch is the event.
INSERT = """
with fresh as (
    insert into event_ids (id, payload_hash, received_at)
    select distinct on (id) id, payload_hash, received_at from arriving_ids order by id, ordinal
    on conflict (id) do nothing
    returning id
)

select array_agg(ordinal) as ordinals
from (select min(ordinal) as ordinal from arriving_ids inner join fresh using (id) group by id) as firsts
"""
# Looked at after the insert, which holds for repetitions inside the batch as well. Asked by a list, because a join
# would read every id there is when there are some hundred thousand.
COMPARE = """
select
    count(*) filter (where payload_hash is not distinct from coalesce(known_hash, payload_hash)) as same,
    array_agg(ordinal order by ordinal) filter (where payload_hash <> known_hash) as reused
from arriving_ids
inner join (
    select id, payload_hash as known_hash from event_ids where id = any(array(select id from arriving_ids))
) as known using (id)
"""


@dataclass(frozen=True)
class Remembered:
    """What was found when ids were remembered.

    `fresh` are the ordinals of the events that are new, `repeated` is how many repeat what is stored under their id,
    and `reused` are the ordinals of those that say something else.
    """

    fresh: Sequence[int]
    repeated: int
    reused: Collection[int]


def remember(connection: Connection, events: PackedEvents, *, but: Set[int] = frozenset()) -> Remembered:
    """Remember the ids of events, except those with certain ordinals, in the caller's transaction.

    In their order, so that two batches at once can wait for each other but not lock each other out. The usual batch
    holds nothing twice and nothing known: without a look for conflicts an id costs a third of what it costs with one.
    """
    ordinals: Sequence[int] = range(len(events))
    if but:
        ordinals = [ordinal for ordinal in ordinals if ordinal not in but]
        events = events.take(ordinals)
    try:
        with connection.transaction():
            put_rows(connection, "event_ids", COLUMNS, events.sorted_keys().tobytes())
        return Remembered(ordinals, 0, ())
    except psycopg.errors.UniqueViolation:
        return _remember_new(connection, events, ordinals)


def _remember_new(connection: Connection, events: PackedEvents, ordinals: Sequence[int]) -> Remembered:
    connection.execute(ARRIVE)
    rows = np.empty(len(events), ARRIVING)
    for name in KEY.names or ():
        rows[name] = events.keys[name]
    rows["fields"] = KEY_FIELDS + 1
    rows["ordinal_bytes"], rows["ordinal"] = 8, ordinals
    fill(connection, "arriving_ids", rows.tobytes())
    fresh = sorted(_only_row(connection.execute(INSERT))["ordinals"] or [])
    compared = _only_row(connection.execute(COMPARE))
    connection.execute("drop table arriving_ids")
    return Remembered(fresh, compared["same"] - len(fresh), compared["reused"] or [])


def _only_row(cursor: psycopg.Cursor[DictRow]) -> DictRow:
    row = cursor.fetchone()
    assert row is not None
    return row
