"""Stores events in the application database: one COPY, one insert, each event at most once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from warehouse.events import Event
from warehouse.intake import ReadyEvent, as_json, ready
from warehouse.journal.copy_line import COLUMNS, copy_lines
from warehouse.journal.ledger import StoreReport, next_batch_id, record_batch
from warehouse.journal.quarantine import Rejected, quarantine

TYPES = {
    "schema_version": "bigint", "occurred_at": "timestamptz", "received_at": "timestamptz", "organization_id": "uuid",
    "user_id": "uuid", "prompt_id": "uuid", "properties": "jsonb",
    "sample_rate": "double precision", "clock_offset_ms": "bigint",
}  # fmt: skip
LINES_AT_ONCE = 1000

ARRIVE = f"""
create temporary table arriving_events (
    ordinal bigint, id uuid, payload_hash uuid, {", ".join(f"{name} {TYPES.get(name, 'text')}" for name in COLUMNS)}
) on commit drop
"""  # nosec B608
MAKE_DAYS = """
select make_event_day(day)
from (
    select distinct (received_at at time zone 'UTC')::date as day
    from (select distinct received_at from arriving_events) as moments
) as days
"""
UNKNOWN_PROMPTS = """
delete from arriving_events
where prompt_id is not null and not exists (select 1 from prompts where prompts.id = arriving_events.prompt_id)
returning ordinal
"""
# Ids are inserted in their order, so that two batches at once can wait for each other but not lock each other out.
# The usual batch holds nothing twice and nothing known: without a look for conflicts an id costs a third less.
INSERT_NEW_IDS = """
insert into event_ids (id, payload_hash, received_at)
select id, payload_hash, received_at from arriving_events order by id
"""
# The first of several sendings of one id inside the batch is the event.
INSERT_IDS = """
with fresh as (
    insert into event_ids (id, payload_hash, received_at)
    select distinct on (id) id, payload_hash, received_at from arriving_events order by id, ordinal
    on conflict (id) do nothing
    returning id
)

select array_agg(ordinal) as ordinals
from (select min(ordinal) as ordinal from arriving_events inner join fresh using (id) group by id) as firsts
"""
INSERT_EVENTS = f"""
insert into raw_events ({", ".join(COLUMNS)}, batch_id, is_own, is_staff)
select
    {", ".join(f"arriving_events.{name}" for name in COLUMNS)},
    %(batch_id)s,
    coalesce(arriving_events.organization_id = prompts.seller_organization_id, false),
    coalesce(users.role = 'admin', false)
from arriving_events
left join prompts on arriving_events.prompt_id = prompts.id
left join users on arriving_events.user_id = users.id
where %(ordinals)s::bigint [] is null or arriving_events.ordinal = any(%(ordinals)s)
"""  # nosec B608
# Looked at after the insert, which holds for repetitions inside the batch as well. Asked by a list, because a join
# would read every id there is when there are some hundred thousand.
COMPARED = """
select
    count(*) filter (where payload_hash is not distinct from coalesce(known_hash, payload_hash)) as same,
    array_agg(ordinal order by ordinal) filter (where payload_hash <> known_hash) as reused
from arriving_events
inner join (
    select id, payload_hash as known_hash from event_ids where id = any(array(select id from arriving_events))
) as known using (id)
"""


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
    return store_lines(connection, list(copy_lines(events)), events.__getitem__, origin=origin)


def store_lines(
    connection: psycopg.Connection[DictRow],
    lines: Sequence[str],
    event_of: Callable[[int], ReadyEvent],
    *,
    origin: str,
) -> Stored:
    """The same of events as `copy_lines` writes them; `event_of` tells the event of a line that has to be refused."""
    if not lines:
        return Stored(StoreReport(), {})
    with connection.transaction():
        batch_id = next_batch_id(connection)
        connection.execute(ARRIVE)
        _copy(connection, lines)
        connection.execute(MAKE_DAYS)
        unknown = [row["ordinal"] for row in connection.execute(UNKNOWN_PROMPTS)]
        firsts = _insert_ids(connection)
        stored = connection.execute(INSERT_EVENTS, {"batch_id": batch_id, "ordinals": firsts}).rowcount
        repeated, reused = (0, []) if firsts is None else _compare(connection, fresh=len(firsts))
        connection.execute("drop table arriving_events")
        refused = {ordinal: _unknown(event_of(ordinal), origin) for ordinal in unknown}
        refused |= {ordinal: _reused(event_of(ordinal), origin) for ordinal in reused}
        quarantine(connection, list(refused.values()))
        # Each count stands for itself, so that the ledger refuses a batch that lost or gained an event.
        report = StoreReport(received=len(lines), stored=stored, duplicate=repeated, quarantined=len(refused))
        record_batch(connection, report, origin=origin, batch_id=batch_id)
    return Stored(report, refused)


def _insert_ids(connection: psycopg.Connection[DictRow]) -> list[int] | None:
    """Remember the ids of what arrived; the ordinals of those that were new, None when all were."""
    try:
        with connection.transaction():
            connection.execute(INSERT_NEW_IDS)
        return None
    except psycopg.errors.UniqueViolation:
        return _only_row(connection.execute(INSERT_IDS))["ordinals"] or []


def _compare(connection: psycopg.Connection[DictRow], *, fresh: int) -> tuple[int, list[int]]:
    """How many repeat what is stored under their id, and the ordinals of those that say something else."""
    compared = _only_row(connection.execute(COMPARED))
    return compared["same"] - fresh, compared["reused"] or []


def _unknown(event: ReadyEvent, origin: str) -> Rejected:
    assert event.prompt_id is not None
    detail = f"no prompt has the id {UUID(bytes=event.prompt_id)}"
    return Rejected("events", origin, as_json(event), "prompt_unknown", detail)


def _reused(event: ReadyEvent, origin: str) -> Rejected:
    detail = f"event_id {event.event_id} of {event.source} was stored before with another payload"
    return Rejected("events", origin, as_json(event), "event_id_reused", detail)


def _only_row(cursor: psycopg.Cursor[DictRow]) -> DictRow:
    row = cursor.fetchone()
    assert row is not None
    return row


def _copy(connection: psycopg.Connection[DictRow], lines: Sequence[str]) -> None:
    statement = f"copy arriving_events (ordinal, id, payload_hash, {', '.join(COLUMNS)}) from stdin"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(lines), LINES_AT_ONCE):
            part = lines[start : start + LINES_AT_ONCE]
            copy.write("".join([f"{ordinal}\t{line}\n" for ordinal, line in enumerate(part, start)]))
