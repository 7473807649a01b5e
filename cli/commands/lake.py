"""`manage.py lake`: the archive of events."""

from dataclasses import asdict
from datetime import date

import click

from cli.database import open_servers
from cli.failure import PROBLEM
from cli.output import examples, to_json
from warehouse.databases import connect, is_missing
from warehouse.journal.quarantine import forget_old
from warehouse.lake import (
    LAKE_DIRECTORY,
    Day,
    DayArchived,
    LakeDamaged,
    archive_events,
    read_days_let_go,
    verify_lake,
)
from warehouse.servers import running_servers
from warehouse.settings import DAYS_MAX, Settings, get_settings

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Report as JSON.")


@click.group(epilog=examples("lake archive", "lake verify"))
def lake() -> None:
    """Archive days of events as Parquet files, or verify those that are archived."""


@lake.command(epilog=examples("lake archive", "lake archive --retention-days 30 --json"))
@click.option(
    "--retention-days",
    type=click.IntRange(min=1, max=DAYS_MAX),
    help="Instead of EVENT_RETENTION_DAYS; the lake keeps events for ever.",
)
@AS_JSON
def archive(retention_days: int | None, as_json: bool) -> None:
    """Copy the events of every day that is over into the lake, and let go of days that were kept long enough.

    A day leaves the application database when its files read back as they were written and the warehouse has loaded
    it. Rows of quarantine older than QUARANTINE_RETENTION_DAYS are forgotten.

    Ends with status 1 when files are damaged; then their days stay, and the others are archived.
    """
    settings = get_settings()
    with open_servers() as servers:
        from warehouse.loading import prepare_warehouse

        prepare_warehouse(servers.warehouse_url)
        with connect(servers.database_url) as connection:
            forgotten = forget_old(connection, retention_days=settings.quarantine_retention_days)
        try:
            report = archive_events(
                servers.database_url,
                servers.warehouse_url,
                settings.data_path.resolve() / LAKE_DIRECTORY,
                retention_days=retention_days or settings.event_retention_days,
                on_day=lambda day: None if as_json else _echo(day),
            )
        except LakeDamaged as error:
            click.secho(str(error), fg="red", err=True)
            click.get_current_context().exit(PROBLEM)
    if as_json:
        days = [asdict(day) for day in report.days]
        click.echo(to_json({"written_rows": report.written_rows, "days": days, "forgotten_rows": forgotten}))
    else:
        if forgotten:
            click.echo(f"{forgotten:,} rows of quarantine were kept long enough and are forgotten.")
        click.echo(f"{report.written_rows:,} events archived.")


def _echo(day: DayArchived) -> None:
    gone = ", its partition is gone" if day.is_detached else ""
    click.echo(f"  {day.received_date}{day.written_rows:>12,} events{gone}")


def _read_days_let_go(settings: Settings) -> dict[date, int]:
    """Of a database that nobody made yet no day was let go: then the lake was brought here from elsewhere."""
    with running_servers(settings) as servers:
        if is_missing(servers.database_url):
            return {}
        with connect(servers.database_url) as connection:
            return read_days_let_go(connection)


@lake.command(epilog=examples("lake verify", "lake verify --json"))
@AS_JSON
def verify(as_json: bool) -> None:
    """Read every file of the lake back and compare its hash and rows with the manifest.

    Of each day that left the application database there must be as many events as it had then. Ends with status 1 when
    a file or a day is missing, or not what was written.
    """
    settings = get_settings()
    place = settings.data_path.resolve() / LAKE_DIRECTORY
    days: list[Day] = []
    damage = verify_lake(place, let_go=_read_days_let_go(settings), on_day=days.append)
    events = sum(day.row_count for day in days)
    if as_json:
        click.echo(to_json({"days": len(days), "events": events, "damage": damage}))
    else:
        click.echo(f"{events:,} events of {len(days):,} days are archived.")
        for problem in damage:
            click.secho(problem, fg="red", err=True)
    click.get_current_context().exit(PROBLEM if damage else 0)
