"""`event_ids`: every event that was ever stored, for ever."""

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow

from warehouse.journal.bulk import binary_rows, copy_binary, put_rows
from warehouse.journal.copy_line import Line

Connection = psycopg.Connection[DictRow]

COLUMNS = ("id", "payload_hash", "received_at")
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

    fresh: Collection[int]
    repeated: int
    reused: Collection[int]


def remember(connection: Connection, lines: Sequence[Line], *, but: Set[int] = frozenset()) -> Remembered:
    """Remember the ids of lines, except those with certain ordinals, in the caller's transaction.

    In their order, so that two batches at once can wait for each other but not lock each other out. The usual batch
    holds nothing twice and nothing known: without a look for conflicts an id costs a third of what it costs with one.
    """
    if but:
        ordinals: Sequence[int] = [ordinal for ordinal in range(len(lines)) if ordinal not in but]
        keys = sorted([lines[ordinal].key for ordinal in ordinals])
    else:
        ordinals, keys = range(len(lines)), sorted([line.key for line in lines])
    try:
        with connection.transaction():
            put_rows(connection, "event_ids", COLUMNS, binary_rows(keys, field_count=len(COLUMNS)))
        return Remembered(ordinals, 0, ())
    except psycopg.errors.UniqueViolation:
        return _remember_new(connection, lines, ordinals)


def _remember_new(connection: Connection, lines: Sequence[Line], ordinals: Sequence[int]) -> Remembered:
    connection.execute(ARRIVE)
    rows = [b"%b\0\0\0\x08%b" % (lines[ordinal].key, ordinal.to_bytes(8, "big")) for ordinal in ordinals]
    copy_binary(connection, "arriving_ids", binary_rows(rows, field_count=len(COLUMNS) + 1))
    fresh = sorted(_only_row(connection.execute(INSERT))["ordinals"] or [])
    compared = _only_row(connection.execute(COMPARE))
    connection.execute("drop table arriving_ids")
    return Remembered(fresh, compared["same"] - len(fresh), compared["reused"] or [])


def _only_row(cursor: psycopg.Cursor[DictRow]) -> DictRow:
    row = cursor.fetchone()
    assert row is not None
    return row
