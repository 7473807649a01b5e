"""`manage.py pipeline`: run the whole pipeline, and say how it stands."""

import logging
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.commands.publication import publications, restore
from cli.day import DAY
from cli.failure import PROBLEM
from cli.output import examples, to_json
from warehouse.events import EARLIEST_EVENT
from warehouse.private_file import PrivateLogHandler
from warehouse.servers import Servers, running_servers
from warehouse.settings import Settings, get_settings

if TYPE_CHECKING:
    from dagster import EventLogEntry

    from orchestration.outcome import RunOutcome
    from orchestration.run import StepProgress
    from orchestration.status import PipelineStatus

LOG_FILE = "pipeline.log"
LOG_FILE_MAX_BYTES = 5_000_000
LOG_FILES_KEPT = 5
ENGINES = POSTGRES, DUCKDB = "postgres", "duckdb"


class Moment(click.ParamType[datetime]):
    """An RFC 3339 timestamp, or a date for its midnight in UTC."""

    name = "timestamp"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment in UTC, which must lie between the earliest events and now."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a timestamp; write one like 2026-03-31T06:00:00Z or 2026-03-31", param, ctx)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if moment > datetime.now(UTC):
            self.fail(f"{value!r} lies in the future; ranks can know what happened until now", param, ctx)
        if moment < EARLIEST_EVENT:
            self.fail(f"{value!r} lies before {EARLIEST_EVENT:%Y}, the earliest that events can be", param, ctx)
        return moment.astimezone(UTC)


@click.group(epilog=examples("pipeline run", "pipeline status", "pipeline publications"))
def pipeline() -> None:
    """Run the pipeline that makes the marts, show how it stands, or go back to an earlier publication."""


pipeline.add_command(publications)
pipeline.add_command(restore)


@pipeline.command(
    epilog=examples(
        "pipeline run", "pipeline run --as-of 2026-03-31T06:00:00Z", "pipeline run --engine duckdb --compare"
    )
)
@click.option(
    "--as-of", type=Moment(), help="Rank with what had happened before this moment (UTC unless it says more)."
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=POSTGRES,
    show_default=True,
    help="What builds the marts. duckdb builds all anew from the lake, into DATA_DIR/engines/duckdb.",
)
@click.option(
    "--compare",
    "is_comparing",
    is_flag=True,
    help="With duckdb: load nothing, and hold each mart against the published one, row by row.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def run(as_of: datetime | None, engine: str, is_comparing: bool, as_json: bool) -> None:
    """Load, transform, check, rank, publish and take the snapshot, once.

    What can't have changed since the last run is not made and tested again. Ends with status 1 when a check failed or a
    step broke; what was published before then stays.

    With --engine duckdb: load, and build and test all marts beside the published ones. Ends with status 1 also when a
    mart differs from the published one; the first rows that do are named.
    """
    if engine == POSTGRES and is_comparing:
        raise click.UsageError(
            "--compare holds the marts of another engine against the published ones; add --engine duckdb"
        )
    if engine == DUCKDB and as_of is not None:
        raise click.UsageError("--as-of is about ranks, which --engine duckdb does not make")
    settings = get_settings()
    with running_servers(settings) as servers:
        _prepare(servers)
        show = _show_progress if sys.stderr.isatty() else None
        if engine == DUCKDB:
            from cli.commands.engine import run_and_report

            status = run_and_report(settings, servers, is_comparing=is_comparing, as_json=as_json, on_progress=show)
            click.get_current_context().exit(status)
        log_file, logger = _open_log(settings)
        # Imported late: Dagster and dbt take seconds, which `--help` should not.
        from orchestration.run import run_pipeline

        outcome = run_pipeline(settings, as_of=as_of, on_progress=show, on_entry=lambda entry: _log(logger, entry))
        _tell_ops(settings, servers)
    if as_json:
        click.echo(to_json({**asdict(outcome), "log_file": str(log_file)}))
    else:
        _report(outcome, log_file)
    click.get_current_context().exit(0 if outcome.is_successful else PROBLEM)


@pipeline.command(epilog=examples("pipeline backfill --from 2026-03-01 --to 2026-03-31"))
@click.option("--from", "first", type=DAY, required=True, help="The first UTC day on which the events were received.")
@click.option("--to", "last", type=DAY, required=True, help="The last one; it is loaded too.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def backfill(first: datetime, last: datetime, as_json: bool) -> None:
    """Load days of events from the lake into the warehouse, then run the pipeline over what changed: all as one run.

    For a warehouse that is new or lost events the application has let go of. What the warehouse has already stays as it
    is. Ends with status 1 when a file of the lake is damaged, or when the run is not successful.
    """
    if first > last:
        raise click.BadParameter("must not be after --to", param_hint="--from")
    settings = get_settings()
    with running_servers(settings) as servers:
        _prepare(servers)
        from orchestration.event_days import FIRST_EVENT_DAY, last_event_day
        from orchestration.run import run_pipeline

        # Days that are not over, and those before there was anything, are not in the lake.
        wanted = max(first.date(), FIRST_EVENT_DAY), min(last.date(), last_event_day())
        if wanted[0] > wanted[1]:
            raise click.BadParameter(f"has no day between {FIRST_EVENT_DAY} and yesterday", param_hint="--from, --to")
        log_file, logger = _open_log(settings)
        outcome = run_pipeline(settings, days=wanted, on_entry=lambda entry: _log(logger, entry))
        _tell_ops(settings, servers)
    days = outcome.days_from_lake
    if as_json:
        click.echo(to_json({"days": [asdict(day) for day in days], "run": asdict(outcome)}))
    else:
        for day in days:
            click.echo(f"  {day.received_date}{day.row_count:>12,} events, {day.changed_rows:,} of them new")
        click.echo(f"{len(days):,} days loaded from the lake.")
        _report(outcome, log_file)
    click.get_current_context().exit(0 if outcome.is_successful else PROBLEM)


@pipeline.command(epilog=examples("pipeline status", "pipeline status --json"))
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def status(as_json: bool) -> None:
    """Show what is published, what waits for the next run, and how the last run ended."""
    settings = get_settings()
    with running_servers(settings) as servers:
        from orchestration.status import read_status

        state = read_status(settings, servers)
    if as_json:
        click.echo(to_json(_as_json(state)))
    else:
        _report_status(state)


def _prepare(servers: Servers) -> None:
    from api.migrations import migrate
    from warehouse.loading import prepare_warehouse
    from warehouse.tenancy import prepare_access

    migrate(servers.database_url)
    prepare_warehouse(servers.warehouse_url)
    prepare_access(servers.access, database_url=servers.database_url, warehouse_url=servers.warehouse_url)


def _tell_ops(settings: Settings, servers: Servers) -> None:
    """What a run leaves behind is judged at once, also where Dagster's daemon does not run."""
    from orchestration.alerts.watching import watch

    watch(settings, servers)


def _open_log(settings: Settings) -> tuple[Path, logging.Logger]:
    """The log file of pipeline runs, which takes what the terminal is spared."""
    file = settings.data_path.resolve() / "logs" / LOG_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = PrivateLogHandler(file, maxBytes=LOG_FILE_MAX_BYTES, backupCount=LOG_FILES_KEPT)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.Logger("pipeline", level=logging.DEBUG)
    logger.addHandler(handler)
    return file, logger


def _log(logger: logging.Logger, entry: "EventLogEntry") -> None:
    text = entry.message
    error = getattr(entry.dagster_event and entry.dagster_event.event_specific_data, "error", None)
    logger.log(int(entry.level), "%s %s%s", entry.run_id[:8], text, f"\n{error.to_string()}" if error else "")


def _show_progress(progress: "StepProgress") -> None:
    if progress.is_failed:
        click.secho(f"\r  {progress.name}: failed", fg="red", err=True)
    elif progress.seconds is None:
        click.echo(f"  {progress.name} ...", nl=False, err=True)
    else:
        click.echo(f"\r  {progress.name}: {progress.seconds:.1f} s", err=True)


def _report(outcome: "RunOutcome", log_file: Path) -> None:
    if outcome.loaded_rows:
        click.echo("Changed rows loaded:")
        _echo_rows(outcome.loaded_rows)
    if outcome.kept_tables:
        click.echo(f"Tables kept, because nothing they are made from had changed: {len(outcome.kept_tables)}")
    if outcome.publication_id is not None:
        click.echo("Rows published:")
        _echo_rows(outcome.mart_rows)
        click.echo(f"Publication {outcome.publication_id}, as of {outcome.as_of}")
    if outcome.is_successful:
        click.echo(f"The pipeline finished in {outcome.seconds:.1f} s.")
        return
    for check in outcome.failed_checks:
        click.secho(f"Check failed: {check}", fg="red", err=True)
    for failure in outcome.failures:
        click.secho(f"Failed: {failure}", fg="red", err=True)
    if outcome.publication_id is None:
        click.echo("Nothing was published; what was published before this run stays as it was.", err=True)
    click.echo(f"Everything the run recorded is in {log_file}", err=True)


def _as_json(state: "PipelineStatus") -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "publication_id": None,
        "as_of": None,
        "policy_version": None,
        "finished_at": None,
        "mart_rows": {},
    }
    return {
        **(asdict(state.publication) if state.publication else nothing),
        "waiting_events": state.waiting_events,
        "is_running": state.is_running,
        "last_run": asdict(state.last_run) if state.last_run else None,
    }


def _report_status(state: "PipelineStatus") -> None:
    if state.publication is None:
        click.echo("Nothing has been published yet; `pipeline run` does it.")
    else:
        published = state.publication
        click.echo(f"Publication {published.publication_id}, as of {_second(published.as_of)}")
        click.echo(f"Published {_second(published.finished_at)} with policy {published.policy_version}")
        _echo_rows(published.mart_rows)
    click.echo(f"Events waiting for the next run: {state.waiting_events:,}")
    if state.last_run is not None:
        click.echo(f"Last run: {state.last_run.outcome}, started {_second(state.last_run.started_at)}")
    if state.is_running:
        click.echo("A run is at work now.")


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _echo_rows(rows: dict[str, int]) -> None:
    for name, count in rows.items():
        click.echo(f"  {name:<40} {count:>12,}")
