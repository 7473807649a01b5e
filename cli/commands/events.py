"""`manage.py events`: what was stored, and what waits in quarantine."""

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

import click
import psycopg
import redis
from psycopg.rows import DictRow

from cli.database import open_database, open_servers
from cli.failure import PROBLEM
from cli.output import examples, one_line, to_json
from cli.template import name_variables
from warehouse.databases import connect, database_exists
from warehouse.event_measures import RECENT, RECENT_HOURS, EventMeasures, measure_events, read_dropped_share
from warehouse.imports import KINDS, Refusal, replay
from warehouse.journal import Flusher
from warehouse.journal.quarantine import Kind
from warehouse.journal.stream import STREAM
from warehouse.loading import prepare_warehouse
from warehouse.loading.gaps import Gap, fill_gaps, find_gaps, find_silent_hours
from warehouse.servers import Servers
from warehouse.settings import get_settings

REFUSED_SHOWN = 20
# What was accepted can wait to be stored; who sends events, or asks for a page, waits now. Where both want the same
# processor, storing gets a tenth of it: enough that it goes on even if the others never stop wanting it. Where nobody
# else wants it, storing gets all of it.
FOLLOWING_NICENESS = 10

STORED = """
select event_name, count(*) as events, min(occurred_at) as first_occurred_at, max(occurred_at) as last_occurred_at
from raw_events
group by event_name
order by events desc, event_name
"""
SOURCES = "select source, count(*) as events from raw_events group by source order by events desc, source limit 20"
LEDGER = """
select
    coalesce(sum(received_count), 0)::bigint as received, coalesce(sum(stored_count), 0)::bigint as stored,
    coalesce(sum(duplicate_count), 0)::bigint as duplicates, coalesce(sum(quarantined_count), 0)::bigint as quarantined
from event_batches
"""
WAITING = """
select kind, reason, count(*) as rows
from quarantine
where resolved_at is null
group by kind, reason
order by rows desc, kind, reason
"""


@click.group(epilog=examples("events stats", "events flush --follow", "events replay-quarantine", "events fill-gaps"))
def events() -> None:
    """Count events, store those that wait, replay those in quarantine, or load again what a load left out."""


@events.command(epilog=examples("events stats", "events stats --json"))
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def stats(as_json: bool) -> None:
    """Count what is stored, what waits in the journal, and what is in quarantine; measure how the last day arrived.

    Marked with ! are measures over their thresholds (EVENT_LATENESS_P95_MAX_SECONDS and its like).
    """
    with open_servers() as servers:
        with connect(servers.database_url) as connection:
            counted = _count(connection)
            measured = measure_events(
                connection, get_settings(), place=RECENT, dropped_share=read_dropped_share(servers.redis_url)
            )
            counted["silent_hours"] = find_silent_hours(connection, hours=RECENT_HOURS)
        counted["last_day"] = _plain_measures(measured)
        counted["gaps"] = [asdict(gap) for gap in _find_gaps(servers)]
        with redis.Redis.from_url(servers.redis_url) as journal:
            # A batch is what one request to the API brought.
            counted["batches_in_journal"] = int(str(journal.xlen(STREAM)))
    if as_json:
        click.echo(to_json(counted))
        return
    _echo(counted)


def _count(connection: psycopg.Connection[DictRow]) -> dict[str, Any]:
    by_name = connection.execute(STORED).fetchall()
    return {
        "events": sum(row["events"] for row in by_name),
        "ledger": connection.execute(LEDGER).fetchone(),
        "by_name": by_name,
        "largest_sources": connection.execute(SOURCES).fetchall(),
        "quarantined": connection.execute(WAITING).fetchall(),
    }


def _find_gaps(servers: Servers) -> list[Gap]:
    """Nothing is missing from a warehouse that is not there yet."""
    if not database_exists(servers.warehouse_url):
        return []
    prepare_warehouse(servers.warehouse_url)
    return find_gaps(servers.database_url, servers.warehouse_url)


def _plain_measures(measured: EventMeasures) -> dict[str, Any]:
    return {
        "events": measured.event_count,
        "measures": {
            measure.name: {"value": measure.value, "threshold": measure.threshold, "is_exceeded": measure.is_exceeded}
            for measure in measured.measures
        },
        "by_name": measured.by_name,
    }


def _echo_arrival(counted: dict[str, Any]) -> None:
    """How the events of the last day arrived, and the hours that lack some."""
    last_day = counted["last_day"]
    click.echo(f"{last_day['events']:,} live events came in the last {RECENT_HOURS} hours:")
    for name, measure in last_day["measures"].items():
        value = "–" if measure["value"] is None else f"{measure['value']:,.4g}"
        mark = "!" if measure["is_exceeded"] else " "
        click.echo(f"{mark} {name:<28}{value:>12}   at most {measure['threshold']:,.4g}")
    for hour in counted["silent_hours"]:
        click.echo(f"! no batch of events was stored from {hour:%Y-%m-%d %H:%M} UTC on for an hour")
    for gap in counted["gaps"]:
        click.echo(
            f"! the warehouse lacks {gap['missing_batches']:,} batches, {gap['missing_events']:,} events"
            f" of {gap['hour']:%Y-%m-%d %H:%M} UTC; the next run loads them"
        )


def _echo(counted: dict[str, Any]) -> None:
    click.echo(f"{counted['events']:,} events are in the database; days let go of are in the lake alone.")
    for row in counted["by_name"]:
        first, last = row["first_occurred_at"], row["last_occurred_at"]
        click.echo(f"  {row['event_name']:<28}{row['events']:>12,}   {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    ledger = counted["ledger"]
    click.echo(
        f"{ledger['received']:,} received = {ledger['stored']:,} stored + {ledger['duplicates']:,} duplicates"
        f" + {ledger['quarantined']:,} quarantined, in all batches ever."
    )
    click.echo(f"{counted['batches_in_journal']:,} batches wait in the journal.")
    _echo_arrival(counted)
    click.echo(f"{sum(row['rows'] for row in counted['quarantined']):,} rows wait in quarantine.")
    for row in counted["quarantined"]:
        click.echo(f"  {row['kind']:<10}{row['reason']:<32}{row['rows']:>12,}")


@events.command(epilog=examples("events flush", "events flush --follow"))
@click.option("--follow", is_flag=True, help="Go on until Ctrl-C or SIGTERM, and store what waits once more then.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def flush(follow: bool, as_json: bool) -> None:
    """Store the events that wait in the journal.

    With --follow as a process of its own, when EVENT_FLUSH_MAX_EVENTS wait or EVENT_FLUSH_INTERVAL_SECONDS after the
    first came. Any number may run beside each other and beside the API; one works at a time, and each event is stored
    once. A server that is down is waited for. Where the processors are busy, answering requests goes first.
    """
    settings = get_settings()
    with open_servers() as servers:
        flusher = Flusher(
            servers.redis_url,
            servers.database_url,
            max_events=settings.event_flush_max_events,
            interval_seconds=settings.event_flush_interval_seconds,
        )
        with closing(flusher):
            if follow:
                os.nice(FOLLOWING_NICENESS)
                flusher.run(_stopped_by_signal())
                return
            report = flusher.flush_all()
    if as_json:
        click.echo(to_json(asdict(report)))
    else:
        click.echo(
            f"{report.received:,} received = {report.stored:,} stored + {report.duplicate:,} duplicates"
            f" + {report.quarantined:,} quarantined"
        )


def _stopped_by_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


@events.command(
    "replay-quarantine", epilog=examples("events replay-quarantine", "events replay-quarantine --kind orders --json")
)
@click.option("--kind", type=click.Choice(KINDS), help="Only rows of this kind; otherwise all, catalog first.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def replay_quarantine(kind: Kind | None, as_json: bool) -> None:
    """Try again what waits in quarantine, after the cause was mended.

    Rows that are fine now are stored and marked as resolved; the others stay. Ends with status 1 when some do.
    """
    shown: list[Refusal] = []

    def show(refusal: Refusal) -> None:
        if len(shown) < REFUSED_SHOWN:
            shown.append(refusal)
            click.echo(one_line(f"quarantine {refusal.record.line}: {refusal.reason}: {refusal.detail}"), err=True)

    with open_database() as connection:
        reports = {
            each: replay(connection, each, on_refused=show, name_variables=name_variables)
            for each in ((kind,) if kind is not None else KINDS)
        }
    found = {
        each: {"tried": report.read, "resolved": report.read - report.quarantined, "reasons": dict(report.reasons)}
        for each, report in reports.items()
    }
    if as_json:
        click.echo(to_json(found))
    else:
        _echo_replayed(found)
    click.get_current_context().exit(PROBLEM if any(report.quarantined for report in reports.values()) else 0)


def _echo_replayed(found: dict[Kind, dict[str, Any]]) -> None:
    for kind, counts in found.items():
        click.echo(f"{kind:<10}{counts['resolved']:>12,} of {counts['tried']:,} resolved")
        _echo_reasons(sorted(counts["reasons"].items(), key=lambda pair: -pair[1]))


def _echo_reasons(reasons: Sequence[tuple[str, int]]) -> None:
    for reason, count in reasons:
        click.echo(f"  {reason:<30}{count:>12,}")


@events.command("fill-gaps", epilog=examples("events fill-gaps", "events fill-gaps --json"))
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def fill(as_json: bool) -> None:
    """Load again the hours of which the warehouse has fewer batches or events than the application stored.

    Every run does so by the ledger; this counts the events of every batch too. Ends with status 1 when something still
    lacks: events that left the database are in the lake (`pipeline backfill`).
    """
    from orchestration.lock import hold_pipeline_lock

    with open_servers() as servers:
        prepare_warehouse(servers.warehouse_url)
        with hold_pipeline_lock(servers.warehouse_url):
            report = fill_gaps(servers.database_url, servers.warehouse_url, is_counting_events=True)
    if as_json:
        click.echo(to_json(asdict(report)))
    else:
        click.echo(f"{len(report.found):,} hours lacked something; {report.changed_rows:,} rows were loaded again.")
        for gap in report.remaining:
            click.echo(f"  {gap.hour:%Y-%m-%d %H:%M} UTC still lacks {gap.missing_events:,} events", err=True)
    click.get_current_context().exit(PROBLEM if report.remaining else 0)
