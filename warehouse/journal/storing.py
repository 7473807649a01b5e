"""Stores events in the application database: one COPY, one insert, each event at most once."""

from collections.abc import Iterator, Sequence

import orjson
import psycopg
from psycopg.rows import DictRow

from warehouse.events import Event
from warehouse.intake.fingerprint import event_key, payload_hash
from warehouse.journal.ledger import StoreReport, next_batch_id, record_batch
from warehouse.journal.quarantine import Rejected, quarantine

COLUMNS = (
    "source", "event_id", "event_name", "schema_version", "occurred_at", "received_at", "organization_id", "user_id",
    "anonymous_id", "session_id", "request_id", "prompt_id", "properties",
    "sample_rate", "clock_offset_ms", "agent",
)  # fmt: skip
TYPES = {
    "schema_version": "bigint", "occurred_at": "timestamptz", "received_at": "timestamptz", "organization_id": "uuid",
    "user_id": "uuid", "prompt_id": "uuid", "properties": "jsonb",
    "sample_rate": "double precision", "clock_offset_ms": "bigint",
}  # fmt: skip

ARRIVE = f"""
create temporary table arriving_events (
    ordinal bigint, id uuid, payload_hash uuid, {", ".join(f"{name} {TYPES.get(name, 'text')}" for name in COLUMNS)}
) on commit drop
"""  # nosec B608
MAKE_DAYS = """
select make_event_day(day)
from (select distinct (received_at at time zone 'UTC')::date as day from arriving_events) as days
"""
UNKNOWN_PROMPTS = """
delete from arriving_events
where prompt_id is not null and not exists (select 1 from prompts where prompts.id = arriving_events.prompt_id)
returning ordinal
"""
# The first of several sendings of one id inside the batch is the event. Ids are inserted in their order, so that two
# batches at once can wait for each other but not lock each other out.
INSERT = f"""
with fresh as (
    insert into event_ids (id, payload_hash, received_at)
    select distinct on (id) id, payload_hash, received_at from arriving_events order by id, ordinal
    on conflict (id) do nothing
    returning id
),

stored as (
    insert into raw_events ({", ".join(COLUMNS)}, batch_id, is_own, is_staff)
    select distinct on (arriving_events.id)
        {", ".join(f"arriving_events.{name}" for name in COLUMNS)},
        %s,
        coalesce(arriving_events.organization_id = prompts.seller_organization_id, false),
        coalesce(users.role = 'admin', false)
    from arriving_events
    inner join fresh using (id)
    left join prompts on arriving_events.prompt_id = prompts.id
    left join users on arriving_events.user_id = users.id
    order by arriving_events.id, ordinal
    returning 1
)

select (select count(*) from fresh) as fresh, (select count(*) from stored) as stored
"""  # nosec B608
# Looked at after the insert, which holds for repetitions inside the batch as well.
COMPARED = """
select
    count(*) filter (where payload_hash is not distinct from coalesce(known_hash, payload_hash)) as same,
    array_agg(ordinal order by ordinal) filter (where payload_hash <> known_hash) as reused
from arriving_events
inner join (select id, payload_hash as known_hash from event_ids) as known using (id)
"""


def store(connection: psycopg.Connection[DictRow], events: Sequence[Event], *, origin: str) -> StoreReport:
    """Store events in the caller's transaction.

    An id seen before is a duplicate for ever. Quarantined are: an event about a prompt that does not exist, and an id
    that comes again with another payload.
    """
    if not events:
        return StoreReport()
    with connection.transaction():
        batch_id = next_batch_id(connection)
        connection.execute(ARRIVE)
        _copy(connection, events)
        connection.execute(MAKE_DAYS)
        unknown = [row["ordinal"] for row in connection.execute(UNKNOWN_PROMPTS)]
        inserted = _only_row(connection.execute(INSERT, [batch_id]))
        same, reused = _compare(connection, arrived=len(events) - len(unknown), fresh=inserted["fresh"])
        connection.execute("drop table arriving_events")
        quarantine(connection, [*_unknown(events, unknown, origin), *_reused(events, reused, origin)])
        # Each count stands for itself, so that the ledger refuses a batch that lost or gained an event.
        report = StoreReport(
            received=len(events),
            stored=inserted["stored"],
            duplicate=same - inserted["fresh"],
            quarantined=len(unknown) + len(reused),
        )
        record_batch(connection, report, origin=origin, batch_id=batch_id)
    return report


def _compare(connection: psycopg.Connection[DictRow], *, arrived: int, fresh: int) -> tuple[int, list[int]]:
    """How many say what is stored under their id, and the ordinals of those that say something else."""
    if fresh == arrived:
        # The usual case. Each was new, so there is nothing to compare with.
        return arrived, []
    compared = _only_row(connection.execute(COMPARED))
    return compared["same"], compared["reused"] or []


def _unknown(events: Sequence[Event], ordinals: Sequence[int], origin: str) -> Iterator[Rejected]:
    for event in (events[i] for i in ordinals):
        yield Rejected("events", origin, as_json(event), "prompt_unknown", f"no prompt has the id {event.prompt_id}")


def _reused(events: Sequence[Event], ordinals: Sequence[int], origin: str) -> Iterator[Rejected]:
    for event in (events[i] for i in ordinals):
        detail = f"event_id {event.event_id} of {event.source} was stored before with another payload"
        yield Rejected("events", origin, as_json(event), "event_id_reused", detail)


def _only_row(cursor: psycopg.Cursor[DictRow]) -> DictRow:
    row = cursor.fetchone()
    assert row is not None
    return row


def _copy(connection: psycopg.Connection[DictRow], events: Sequence[Event]) -> None:
    statement = f"copy arriving_events (ordinal, id, payload_hash, {', '.join(COLUMNS)}) from stdin"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for ordinal, event in enumerate(events):
            copy.write_row((
                ordinal, event_key(event.source, event.event_id), payload_hash(event), event.source, event.event_id,
                event.event_name, event.schema_version, event.occurred_at, event.received_at, event.organization_id,
                event.user_id, event.anonymous_id, event.session_id, event.request_id, event.prompt_id,
                orjson.dumps(event.properties).decode(), event.sample_rate, event.clock_offset_ms, event.agent,
            ))  # fmt: skip


def as_json(event: Event) -> bytes:
    """An event as it is kept in quarantine, without the time it was received, so that a repetition is the same."""
    return orjson.dumps(event.model_dump(mode="json", exclude={"received_at"}))
