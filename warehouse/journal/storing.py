"""Stores events in the application database: one COPY, one insert, each event at most once."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import psycopg
from psycopg.rows import DictRow

from warehouse.events import Event
from warehouse.journal.quarantine import Rejected, quarantine

COLUMNS = (
    "source", "event_id", "event_name", "schema_version", "occurred_at", "received_at", "organization_id", "user_id",
    "anonymous_id", "session_id", "request_id", "prompt_id", "properties",
)  # fmt: skip
# What makes two sendings of one id the same event: all but the time it was received.
PAYLOAD = tuple(name for name in COLUMNS if name not in ("source", "event_id", "received_at"))

ARRIVE = f"""
create temporary table arriving_events (
    ordinal bigint, {", ".join(f"{name} text" for name in COLUMNS)}
) on commit drop
"""  # nosec B608
# Cast once, in one place; the first of several sendings of one id inside the batch is the event.
CAST = """
create temporary table typed_events on commit drop as
select
    ordinal, source, event_id, event_name, schema_version::bigint, occurred_at::timestamptz, received_at::timestamptz,
    organization_id::uuid, user_id::uuid, anonymous_id, session_id, request_id, prompt_id::uuid, properties::jsonb
from arriving_events
"""
UNKNOWN_PROMPTS = """
delete from typed_events
where prompt_id is not null and not exists (select 1 from prompts where prompts.id = typed_events.prompt_id)
returning ordinal
"""
INSERT = f"""
insert into raw_events ({", ".join(COLUMNS)})
select distinct on (source, event_id) {", ".join(COLUMNS)} from typed_events
order by source, event_id, ordinal
on conflict (source, event_id) do nothing
"""  # nosec B608
# Compared with what is stored now, which holds for repetitions inside the batch as well.
REUSED_IDS = f"""
select typed_events.ordinal
from typed_events inner join raw_events using (source, event_id)
where ({", ".join(f"typed_events.{name}" for name in PAYLOAD)})
    is distinct from ({", ".join(f"raw_events.{name}" for name in PAYLOAD)})
"""  # nosec B608


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


def store(connection: psycopg.Connection[DictRow], events: Sequence[Event], *, origin: str) -> StoreReport:
    """Store events in the caller's transaction.

    An id seen before is a duplicate for ever. Quarantined are: an event about a prompt that does not exist, and an id
    that comes again with another payload.
    """
    if not events:
        return StoreReport()
    with connection.transaction():
        connection.execute(ARRIVE)
        _copy(connection, events)
        connection.execute(CAST)
        unknown = [row["ordinal"] for row in connection.execute(UNKNOWN_PROMPTS)]
        stored = connection.execute(INSERT).rowcount
        reused = [row["ordinal"] for row in connection.execute(REUSED_IDS)]
        connection.execute("drop table arriving_events, typed_events")
        rejected = [
            Rejected(
                "events", origin, as_json(events[i]), "prompt_unknown", f"no prompt has the id {events[i].prompt_id}"
            )
            for i in unknown
        ]
        rejected += [
            Rejected("events", origin, as_json(events[i]), "event_id_reused",
                     f"event_id {events[i].event_id} of {events[i].source} was stored before with another payload")
            for i in reused
        ]  # fmt: skip
        quarantine(connection, rejected)
    return StoreReport(
        received=len(events),
        stored=stored,
        duplicate=len(events) - stored - len(rejected),
        quarantined=len(rejected),
    )


def _copy(connection: psycopg.Connection[DictRow], events: Sequence[Event]) -> None:
    statement = f"copy arriving_events (ordinal, {', '.join(COLUMNS)}) from stdin"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for ordinal, event in enumerate(events):
            copy.write_row((
                ordinal, event.source, event.event_id, event.event_name, event.schema_version, event.occurred_at,
                event.received_at, event.organization_id, event.user_id, event.anonymous_id, event.session_id,
                event.request_id, event.prompt_id, orjson.dumps(event.properties).decode(),
            ))  # fmt: skip


def as_json(event: Event) -> bytes:
    """An event as it is kept in quarantine, without the time it was received, so that a repetition is the same."""
    return orjson.dumps(event.model_dump(mode="json", exclude={"received_at"}))
