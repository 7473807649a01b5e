"""`monitor.py report`: the figures of a period, for those who look back."""

import statistics
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
import psycopg
from psycopg.rows import DictRow

from cli.database import open_servers
from cli.day import DAY
from cli.output import MONITOR, examples, to_json
from warehouse.databases import connect
from warehouse.publication.reading import is_published
from warehouse.settings import DAYS_MAX, get_settings

if TYPE_CHECKING:
    from orchestration.recorded_run import RecordedRun

DEFAULT_DAYS = 7
END_OF_TIME = datetime.max.replace(tzinfo=UTC)

EVENTS = """
select
    coalesce(sum(received_count), 0)::bigint as received,
    coalesce(sum(stored_count), 0)::bigint as stored,
    coalesce(sum(duplicate_count), 0)::bigint as duplicates,
    coalesce(sum(quarantined_count), 0)::bigint as quarantined
from event_batches
where recorded_at >= %s and recorded_at < %s
"""
# Figures are oldest just before the next ones take their place; the last ones age until the period ends.
AGES = """
select
    extract(epoch from coalesce(lead(finished_at) over (order by finished_at), least(%(until)s, now())) - data_as_of)
        ::float8 as oldest_seconds
from (select finished_at, coalesce(data_as_of, as_of) as data_as_of from marts.publications) as publications
where finished_at >= %(since)s and finished_at < %(until)s
"""


@dataclass(frozen=True)
class RunFigures:
    """Runs of a job in the period, and how long those took that had something to do."""

    job: str
    run_count: int
    failed_count: int
    quiet_count: int
    median_seconds: float | None
    longest_seconds: float | None


@dataclass(frozen=True)
class EventFigures:
    """Events in the period: received is stored, duplicates and quarantined together."""

    received: int
    stored: int
    duplicates: int
    quarantined: int


@dataclass(frozen=True)
class Freshness:
    """How many publications there were, and how old the figures were just before the next ones came."""

    publication_count: int
    median_age_seconds: float | None
    oldest_age_seconds: float | None


@dataclass(frozen=True)
class Report:
    """The figures of a period of whole UTC days, or up to now."""

    since: datetime
    until: datetime
    runs: list[RunFigures]
    events: EventFigures
    freshness: Freshness


@click.command(
    epilog=examples("report", "report --days 30", "report --from 2026-03-01 --to 2026-03-31 --json", program=MONITOR)
)
@click.option(
    "--days", type=click.IntRange(min=1, max=DAYS_MAX), help=f"The last days until now. [default: {DEFAULT_DAYS}]"
)
@click.option("--from", "first", type=DAY, help="The first UTC day.")
@click.option("--to", "last", type=DAY, help="The last UTC day; it is part of the period.  [default: today]")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def report(days: int | None, first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Show the figures of a period: runs and how long they took, events, and how fresh the figures were."""
    since, until = _period(days, first, last)
    with open_servers() as servers:
        # Imported late: Dagster takes seconds, which `--help` should not.
        from orchestration.recorded_run import read_runs

        runs = read_runs(get_settings(), since=since, until=until)
        with connect(servers.database_url) as application, connect(servers.warehouse_url) as warehouse:
            found = Report(
                since=since,
                until=until,
                runs=count_runs(runs),
                events=_count_events(application, since, until),
                freshness=_measure_freshness(warehouse, since, until),
            )
    if as_json:
        click.echo(to_json(asdict(found)))
    else:
        _print(found)


def _period(days: int | None, first: datetime | None, last: datetime | None) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    if days is not None and (first or last):
        raise click.UsageError("--days and --from, --to can't be used together")
    if first is None and last is not None:
        raise click.UsageError("--to needs --from")
    if first is None:
        return now - timedelta(days=days or DEFAULT_DAYS), now
    until = _end_of(last) if last else now
    since = first.replace(tzinfo=UTC)
    if since >= until:
        raise click.BadParameter("must not be after --to", param_hint="--from")
    return since, until


def _end_of(day: datetime) -> datetime:
    """When a day ends; the last date there is has no next one."""
    return END_OF_TIME if day.date() == END_OF_TIME.date() else day.replace(tzinfo=UTC) + timedelta(days=1)


def count_runs(runs: "list[RecordedRun]") -> list[RunFigures]:
    """The figures of each job."""
    found = []
    for job in sorted({run.job for run in runs}):
        own = [run for run in runs if run.job == job]
        took = [run.seconds for run in own if run.seconds is not None and run.outcome == "success" and not run.is_quiet]
        found.append(
            RunFigures(
                job=job,
                run_count=len(own),
                failed_count=sum(run.outcome == "failure" for run in own),
                quiet_count=sum(run.is_quiet for run in own),
                median_seconds=round(statistics.median(took), 1) if took else None,
                longest_seconds=round(max(took), 1) if took else None,
            )
        )
    return found


def _count_events(connection: psycopg.Connection[DictRow], since: datetime, until: datetime) -> EventFigures:
    row = connection.execute(EVENTS, [since, until]).fetchone()
    return EventFigures(**(row or {}))


def _measure_freshness(connection: psycopg.Connection[DictRow], since: datetime, until: datetime) -> Freshness:
    if not is_published(connection):
        return Freshness(0, None, None)
    rows = connection.execute(AGES, {"since": since, "until": until}).fetchall()
    ages = [row["oldest_seconds"] for row in rows]
    if not ages:
        return Freshness(0, None, None)
    return Freshness(len(ages), round(statistics.median(ages), 1), round(max(ages), 1))


def _print(found: Report) -> None:
    click.echo(f"{found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC")
    for runs in found.runs:
        took = ""
        if runs.median_seconds is not None:
            took = f", median {runs.median_seconds:,.1f} s, longest {runs.longest_seconds:,.1f} s"
        click.echo(
            f"Runs of {runs.job}: {runs.run_count:,}, {runs.failed_count:,} failed, {runs.quiet_count:,} with nothing "
            f"new{took}"
        )
    if not found.runs:
        click.echo("No runs.")
    events = found.events
    click.echo(
        f"Events: {events.received:,} received, {events.stored:,} stored, {events.duplicates:,} duplicates, "
        f"{events.quarantined:,} in quarantine"
    )
    fresh = found.freshness
    if fresh.oldest_age_seconds is None or fresh.median_age_seconds is None:
        click.echo("No publications.")
        return
    click.echo(
        f"Publications: {fresh.publication_count:,}; before the next one came, figures were "
        f"{fresh.median_age_seconds / 60:,.1f} min old (median), {fresh.oldest_age_seconds / 60:,.1f} min at most"
    )
