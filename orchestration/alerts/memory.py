"""Keeps the last outcome of each rule and subject, and what of it has to be told.

Told is what changed: an alert that begins, one that ends, and one that goes on after each repeat interval. A skipped
rule changes nothing: its subject keeps the outcome it had.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from orchestration.alerts.rule import Outcome

Connection = psycopg.Connection[DictRow]
Occasion = Literal["firing", "repeated", "resolved"]

# Two who judge at the same time must not tell twice.
ALERTING_LOCK = 0x61_6C_72_74
# Told again and again for about a day.
ATTEMPTS_MAX = 30

# Not in `control`: an erasure looks through this schema for the person.
TABLES = """
create schema if not exists alerting;
create table if not exists alerting.outcomes (
    rule text not null,
    subject text not null,
    severity text not null,
    -- The last outcome that was one.
    is_alerting boolean not null,
    message text not null,
    since timestamptz not null,
    judged_at timestamptz,
    -- Why the rule could not judge when it was asked last; null if it could.
    skipped_because text,
    told_at timestamptz,
    primary key (rule, subject)
);
create table if not exists alerting.deliveries (
    delivery_id uuid primary key default gen_random_uuid(),
    channel text not null,
    occasion text not null,
    rule text not null,
    subject text not null,
    severity text not null,
    message text not null,
    since timestamptz not null,
    created_at timestamptz not null default clock_timestamp(),
    attempt_count int not null default 0,
    next_attempt_at timestamptz not null default clock_timestamp(),
    delivered_at timestamptz,
    last_error text
);
create index if not exists deliveries_due_idx on alerting.deliveries (next_attempt_at) where delivered_at is null;
"""
KEEP = """
insert into alerting.outcomes as kept (
    rule, subject, severity, is_alerting, message, since, judged_at, skipped_because, told_at
)
values (
    %(rule)s, %(subject)s, %(severity)s, %(is_alerting)s, %(message)s, %(since)s, %(judged_at)s, %(skipped_because)s,
    %(told_at)s
)
on conflict (rule, subject) do update set
    severity = excluded.severity, is_alerting = excluded.is_alerting, message = excluded.message,
    since = excluded.since, judged_at = excluded.judged_at, skipped_because = excluded.skipped_because,
    told_at = excluded.told_at
"""


@dataclass(frozen=True)
class Kept:
    """The last outcome of a rule for a subject, with why it could not be judged anew."""

    rule: str
    subject: str
    severity: str
    is_alerting: bool
    message: str
    since: datetime
    judged_at: datetime | None
    skipped_because: str | None
    told_at: datetime | None


@dataclass(frozen=True)
class News:
    """Something to tell."""

    occasion: Occasion
    outcome: Kept


@dataclass(frozen=True)
class Delivery:
    """A piece of news on its way through a channel."""

    delivery_id: UUID
    channel: str
    occasion: str
    rule: str
    subject: str
    severity: str
    message: str
    since: datetime
    attempt_count: int


def merge(outcome: Outcome, before: Kept | None, *, now: datetime, repeat: timedelta) -> tuple[Kept, Occasion | None]:
    """What is kept after a rule was asked again, and on what occasion it is told, if at all."""
    if outcome.state == "skipped":
        if before is None:
            kept = Kept(
                outcome.rule, outcome.subject, outcome.severity, False, "never judged", now, None, outcome.message, None
            )
            return kept, None
        return Kept(**{**vars(before), "skipped_because": outcome.message}), None
    is_alerting = outcome.state == "alerting"
    was_alerting = before is not None and before.is_alerting
    occasion = _occasion(is_alerting, was_alerting, before, now, repeat)
    since = before.since if before is not None and is_alerting == was_alerting else now
    told_at = now if occasion else (before.told_at if before else None)
    kept = Kept(
        outcome.rule, outcome.subject, outcome.severity, is_alerting, outcome.message, since, now, None, told_at
    )
    return kept, occasion


def _occasion(
    is_alerting: bool, was_alerting: bool, before: Kept | None, now: datetime, repeat: timedelta
) -> Occasion | None:
    if is_alerting and not was_alerting:
        return "firing"
    if was_alerting and not is_alerting:
        return "resolved"
    is_due = before is None or before.told_at is None or now - before.told_at >= repeat
    return "repeated" if is_alerting and is_due else None


def read_kept(connection: Connection) -> dict[tuple[str, str], Kept]:
    """The last outcomes by rule and subject."""
    row = connection.execute("select to_regclass('alerting.outcomes') is not null as is_there").fetchone()
    if not (row and row["is_there"]):
        return {}
    rows = connection.execute("select * from alerting.outcomes")
    return {(row["rule"], row["subject"]): Kept(**row) for row in rows}


def merge_all(
    outcomes: Sequence[Outcome], kept: dict[tuple[str, str], Kept], *, now: datetime, repeat: timedelta
) -> tuple[list[Kept], list[News]]:
    """The outcomes as they are kept from now on, and what of them is news."""
    after, news = [], []
    for outcome in outcomes:
        merged, occasion = merge(outcome, kept.get((outcome.rule, outcome.subject)), now=now, repeat=repeat)
        after.append(merged)
        if occasion is not None:
            news.append(News(occasion, merged))
    return after, news


def keep(
    connection: Connection, outcomes: Sequence[Outcome], *, now: datetime, repeat: timedelta, channels: Sequence[str]
) -> tuple[list[Kept], list[News]]:
    """Keep what the rules said, and owe the news to each channel, in the caller's transaction."""
    connection.execute("select pg_advisory_xact_lock(%s)", [ALERTING_LOCK])
    connection.execute(TABLES)
    after, news = merge_all(outcomes, read_kept(connection), now=now, repeat=repeat)
    with connection.cursor() as cursor:
        cursor.executemany(KEEP, [vars(each) for each in after])
        cursor.executemany(
            "insert into alerting.deliveries (channel, occasion, rule, subject, severity, message, since)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (channel, each.occasion, told.rule, told.subject, told.severity, told.message, told.since)
                for each in news
                for channel in channels
                for told in [each.outcome]
            ],
        )
    # A check that is no more can't end its alert; neither can a delivery that was given up long ago.
    connection.execute(
        "delete from alerting.outcomes where not ((rule, subject) in (select * from unnest(%s::text[], %s::text[])))"
        " and (judged_at is null or judged_at < %s)",
        [[each.rule for each in after], [each.subject for each in after], now - timedelta(days=30)],
    )
    connection.execute("delete from alerting.deliveries where created_at < %s", [now - timedelta(days=30)])
    return after, news


def due_deliveries(connection: Connection) -> list[Delivery]:
    """What has to be told now, the oldest first; locked for the caller's transaction."""
    rows = connection.execute(
        "select delivery_id, channel, occasion, rule, subject, severity, message, since, attempt_count"
        " from alerting.deliveries"
        " where delivered_at is null and next_attempt_at <= clock_timestamp() and attempt_count < %s"
        " order by created_at, delivery_id for update skip locked",
        [ATTEMPTS_MAX],
    )
    return [Delivery(**row) for row in rows]


def note_delivered(connection: Connection, delivery: Delivery) -> None:
    """It was told."""
    connection.execute(
        "update alerting.deliveries set delivered_at = clock_timestamp(), last_error = null,"
        " attempt_count = attempt_count + 1 where delivery_id = %s",
        [delivery.delivery_id],
    )


def note_undelivered(connection: Connection, delivery: Delivery, error: str) -> None:
    """It is tried again, after twice the time of the attempt before, at most an hour."""
    connection.execute(
        "update alerting.deliveries set attempt_count = attempt_count + 1, last_error = %s,"
        " next_attempt_at = clock_timestamp() + least(interval '30 seconds' * power(2, attempt_count),"
        " interval '1 hour')"
        " where delivery_id = %s",
        [error[:1000], delivery.delivery_id],
    )
