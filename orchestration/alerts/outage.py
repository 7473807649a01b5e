"""Remembers alerts in a file while the warehouse, where they are kept, is away; so they are told nevertheless.

The file holds the last outcomes as they were when the warehouse answered last, and what was told since or is still to
be told. When the warehouse is back, all of it is stored there, and the file is its copy again.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.rows import DictRow
from pydantic import TypeAdapter, ValidationError

from orchestration.alerts.memory import ALERTING_LOCK, ATTEMPTS_MAX, KEEP, TABLES, Delivery, Kept, News, merge_all
from orchestration.alerts.rule import Outcome

Connection = psycopg.Connection[DictRow]
DIRECTORY = "alerts"
FILE = "outcomes.json"
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)

STORE_DELIVERY = """
insert into alerting.deliveries (
    delivery_id, channel, occasion, rule, subject, severity, message, since, attempt_count, created_at, next_attempt_at,
    delivered_at, last_error
)
values (
    %(delivery_id)s, %(channel)s, %(occasion)s, %(rule)s, %(subject)s, %(severity)s, %(message)s, %(since)s,
    %(attempt_count)s, %(created_at)s, %(next_attempt_at)s, %(delivered_at)s, %(last_error)s
)
on conflict (delivery_id) do nothing
"""


@dataclass(frozen=True)
class Owed:
    """A delivery with how it stands."""

    delivery: Delivery
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None = None
    last_error: str | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be tried now."""
        is_open = self.delivered_at is None and self.delivery.attempt_count < ATTEMPTS_MAX
        return is_open and self.next_attempt_at <= now

    def tried(self, now: datetime, *, error: str | None) -> "Owed":
        """The same after an attempt; without an error it was delivered."""
        attempts = self.delivery.attempt_count
        delivery = replace(self.delivery, attempt_count=attempts + 1)
        if error is None:
            return replace(self, delivery=delivery, delivered_at=now, last_error=None)
        wait = min(FIRST_RETRY * 2**attempts, LONGEST_RETRY)
        return replace(self, delivery=delivery, next_attempt_at=now + wait, last_error=error[:1000])


@dataclass(frozen=True)
class Notes:
    """What the file holds. `is_ahead` says that the warehouse does not know it yet."""

    outcomes: list[Kept] = field(default_factory=list)
    deliveries: list[Owed] = field(default_factory=list)
    is_ahead: bool = False

    def by_subject(self) -> dict[tuple[str, str], Kept]:
        """The outcomes by rule and subject."""
        return {(each.rule, each.subject): each for each in self.outcomes}


NOTES = TypeAdapter(Notes)


@contextmanager
def only_writer(data_path: Path) -> Iterator[Path]:
    """The file, for this process alone while the block runs."""
    directory = data_path.resolve() / DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    handle = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield directory / FILE
    finally:
        os.close(handle)


def read_notes(data_path: Path) -> Notes:
    """What the file holds; nothing where there is none, or one of another version."""
    try:
        return NOTES.validate_json((data_path.resolve() / DIRECTORY / FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return Notes()


def write_notes(file: Path, notes: Notes) -> None:
    """Replace the file in one step."""
    unfinished = file.with_suffix(".new")
    unfinished.write_bytes(NOTES.dump_json(notes))
    unfinished.chmod(0o600)
    unfinished.replace(file)


def note_outcomes(
    notes: Notes, outcomes: Sequence[Outcome], *, now: datetime, repeat: timedelta, channels: Sequence[str]
) -> tuple[Notes, list[News]]:
    """What the file holds after the rules were asked during an outage, with the news owed to each channel."""
    after, news = merge_all(outcomes, notes.by_subject(), now=now, repeat=repeat)
    asked = {(each.rule, each.subject) for each in after}
    # Checks and runs can't be read now; theirs stay as they were.
    others = [each for each in notes.outcomes if (each.rule, each.subject) not in asked]
    owed = [Owed(_delivery(channel, each), now, now) for each in news for channel in channels]
    return Notes([*after, *others], [*notes.deliveries, *owed], is_ahead=True), news


def _delivery(channel: str, news: News) -> Delivery:
    told = news.outcome
    return Delivery(
        uuid4(), channel, news.occasion, told.rule, told.subject, told.severity, told.message, told.since, 0
    )  # fmt: skip


def store_notes(connection: Connection, notes: Notes) -> None:
    """Store what happened while the warehouse was away, in the caller's transaction. Storing it twice is harmless."""
    if not notes.is_ahead:
        return
    connection.execute("select pg_advisory_xact_lock(%s)", [ALERTING_LOCK])
    connection.execute(TABLES)
    with connection.cursor() as cursor:
        cursor.executemany(KEEP, [vars(each) for each in notes.outcomes])
        cursor.executemany(
            STORE_DELIVERY,
            [{**vars(each), **vars(each.delivery)} for each in notes.deliveries],
        )
