"""Erases a person from what the warehouse loads from: waiting and stored events, inboxes, and the lake.

One function for each store, in the order of `STORES`: further ones are further entries.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import redis
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.erasure.files import erase_files
from warehouse.erasure.lake import blank_days
from warehouse.erasure.person import ERASED, Person
from warehouse.erasure.rows import DEVICES, event_parameters, event_statements, text_of_binary
from warehouse.erasure.worklist import note_devices
from warehouse.journal import Flusher
from warehouse.lake import LAKE_DIRECTORY, lake_alone
from warehouse.lake.manifest import read_days

Connection = psycopg.Connection[DictRow]

logger = logging.getLogger(__name__)

REWRITE_WAIT_SECONDS = 60
REWRITE_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Sources:
    """Where they are. `connection` is to the application database, and commits by itself."""

    connection: Connection
    database_url: str
    warehouse_url: str
    redis_url: str
    data_path: Path

    @property
    def lake(self) -> Path:
        """The lake of events."""
        return self.data_path / LAKE_DIRECTORY


def erase_sources(sources: Sources, people: Sequence[Person]) -> list[Person]:
    """Erase these people from every store; the people, with the devices they were seen on."""
    if not people:
        return []
    store_waiting(sources)
    known = [find_devices(sources, person) for person in people]
    for person in known:
        for erase in STORES:
            erase(sources, person)
    rewrite_redis_file(sources.redis_url)
    return known


def store_waiting(sources: Sources) -> None:
    """Empty the journal into the database, where its events can be found."""
    flusher = Flusher(sources.redis_url, sources.database_url, max_events=1, interval_seconds=1)
    try:
        flusher.flush_all()
    finally:
        flusher.close()


def find_devices(sources: Sources, person: Person) -> Person:
    """The person with the devices and visits its events came from, in both databases: old events are in one alone."""
    anonymous_ids, session_ids = set(person.anonymous_ids), set(person.session_ids)
    here, there = (
        DEVICES.format(events="raw_events", uuid="::uuid"),
        DEVICES.format(events="raw_events.events", uuid=""),
    )
    parameters = event_parameters(person)
    with connect(sources.warehouse_url) as warehouse:
        found = [
            *sources.connection.execute(here.encode(), parameters),
            *warehouse.execute(there.encode(), parameters),
        ]
    anonymous_ids |= {row["anonymous_id"] for row in found if row["anonymous_id"]}
    session_ids |= {row["session_id"] for row in found if row["session_id"]}
    known = replace(person, anonymous_ids=tuple(sorted(anonymous_ids)), session_ids=tuple(sorted(session_ids)))
    note_devices(sources.connection, known, known.anonymous_ids, known.session_ids)
    return known


def erase_redis(sources: Sources, person: Person) -> None:
    """Counters and claims that are named after the person. Of events, only hashes of their ids are kept there."""
    with redis.Redis.from_url(sources.redis_url) as client:
        for key in client.scan_iter(match=f"*{person.user_id}*", count=1000):
            client.unlink(key)


def rewrite_redis_file(redis_url: str) -> None:
    """Have Redis write its append-only file anew: so far every event that ever waited stands in it, in full.

    It does so beside answering. Where it keeps no such file, or may not be told, there is nothing of ours to rewrite.
    """
    with redis.Redis.from_url(redis_url) as client:
        deadline = time.monotonic() + REWRITE_WAIT_SECONDS
        while (state := client.info("persistence")).get("aof_rewrite_in_progress") and time.monotonic() < deadline:
            # It began before what was erased was gone.
            time.sleep(REWRITE_PAUSE_SECONDS)
        if not state.get("aof_enabled"):
            return
        try:
            client.bgrewriteaof()
        except redis.ResponseError as error:
            logger.warning("Redis did not rewrite its append-only file, which may hold erased names: %s", error)


def erase_events(sources: Sources, person: Person) -> None:
    """Blank the person's events, and whatever names the person in events of others."""
    parameters = event_parameters(person)
    for statement in EVENTS:
        sources.connection.execute(statement.encode(), parameters)


def erase_states(sources: Sources, person: Person) -> None:
    """What was once called by the person's name. What is now can be changed by whoever it belongs to."""
    for statement in STATES:
        sources.connection.execute(statement.encode(), event_parameters(person))


def erase_inboxes(sources: Sources, person: Person) -> None:
    """What could not be taken in goes; what the payment provider said stays, without the person's name."""
    for statement in INBOXES:
        sources.connection.execute(statement.encode(), event_parameters(person))


def erase_lake(sources: Sources, person: Person) -> None:
    """Blank the person's events in the files of every day."""
    with lake_alone(sources.connection):
        for day in read_days(sources.lake):
            blank_days(sources.lake, day.received_date, person)


def erase_logs(sources: Sources, person: Person) -> None:
    """Mask the person in files of the data directory."""
    erase_files(sources.data_path, [person])


STORES: tuple[Callable[[Sources, Person], None], ...] = (
    erase_redis, erase_events, erase_states, erase_inboxes, erase_lake, erase_logs,
)  # fmt: skip

EVENTS = event_statements("raw_events", uuid="::uuid")
STATES = tuple(
    f"""
    update {table} as known
    set {column} = regexp_replace({column}, %(text_pattern)s, '{ERASED}', 'gi')
    where {column} ~* %(text_pattern)s and exists (
        select from {table} as later where later.{key} = known.{key} and later.number > known.number
    )
    """  # nosec B608
    for table, key, column in (
        ("prompt_states", "prompt_id", "title"),
        ("prompt_states", "prompt_id", "category"),
        ("organization_states", "organization_id", "name"),
    )
)
INBOXES = (
    f"delete from quarantine where {text_of_binary('raw')} ~* %(text_pattern)s or detail ~* %(text_pattern)s",  # nosec B608
    f"""
    with found as (
        select id, regexp_replace(payload::text, %(text_pattern)s, '{ERASED}', 'gi') as payload
        from webhook_inbox
        where payload::text ~* %(text_pattern)s or {text_of_binary("body")} ~* %(text_pattern)s
    )
    update webhook_inbox set payload = found.payload::jsonb, body = convert_to(found.payload, 'UTF8')
    from found where webhook_inbox.id = found.id
    """,  # nosec B608
    # A mail of which nobody but the address is known: it is the one user's who registered with it.
    "delete from outbox"
    " where payload::text ~* %(text_pattern)s"
    " or kind = 'mail.password_reset' and payload ->> 'email' = any(%(unverified_emails)s)",
    "delete from idempotency_keys"
    f" where caller ~* %(text_pattern)s or {text_of_binary('answer_body')} ~* %(text_pattern)s",  # nosec B608
)
