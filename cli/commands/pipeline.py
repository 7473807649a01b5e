"""`manage.py pipeline`: run the whole pipeline, and say how it stands."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warehouse.servers import Servers, ServerStartFailed, ServerUnreachable, running_servers
from warehouse.settings import Settings, SettingsInvalid, get_settings

if TYPE_CHECKING:
    from dagster import EventLogEntry

    from orchestration.outcome import RunOutcome
    from orchestration.run import StepProgress
    from orchestration.status import PipelineStatus

LOG_FILE = "pipeline.log"
LOG_FILE_MAX_BYTES = 5_000_000
LOG_FILES_KEPT = 5


class Moment(click.ParamType[datetime]):
    """An RFC 3339 timestamp, or a date for its midnight in UTC."""

    name = "timestamp"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment in UTC, which must not lie in the future."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a timestamp; write one like 2026-03-31T06:00:00Z or 2026-03-31", param, ctx)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if moment > datetime.now(UTC):
            self.fail(f"{value!r} lies in the future; marts can show what happened until now", param, ctx)
        return moment.astimezone(UTC)


@click.group()
def pipeline() -> None:
    """Run the pipeline that makes the marts, or show how it stands."""


@pipeline.command()
@click.option(
    "--as-of", type=Moment(), help="Rank with what had happened before this moment (UTC unless it says more)."
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def run(as_of: datetime | None, as_json: bool) -> None:
    """Load, transform, check, rank, publish and take the snapshot, once.

    Ends with status 1 when a check failed or a step broke; what was published before then stays.
    """
    with _servers() as (settings, servers):
        _prepare(servers)
        log_file, logger = _open_log(settings)
        # Imported late: Dagster and dbt take seconds, which `--help` should not.
        try:
            from orchestration.run import run_pipeline

            outcome = run_pipeline(
                settings,
                as_of=as_of,
                on_progress=_show_progress if sys.stdout.isatty() and not as_json else None,
                on_entry=lambda entry: _log(logger, entry),
            )
        except Exception as error:
            logger.exception("the run could not be carried out")
            raise click.ClickException(f"{_one_line(error)} (everything that is known is in {log_file})") from None
    if as_json:
        click.echo(json.dumps({**asdict(outcome), "log_file": str(log_file)}, indent=2))
    else:
        _report(outcome, log_file)
    sys.exit(0 if outcome.is_successful else 1)


@pipeline.command()
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def status(as_json: bool) -> None:
    """Show what is published, what waits for the next run, and how the last run ended."""
    with _servers() as (settings, servers):
        from orchestration.status import read_status

        state = read_status(settings, servers)
    if as_json:
        click.echo(json.dumps(_as_json(state), indent=2, default=_json_value))
    else:
        _report_status(state)


@contextmanager
def _servers() -> Iterator[tuple[Settings, Servers]]:
    """Running servers, or one sentence about why there are none."""
    try:
        settings = get_settings()
        with running_servers(settings) as servers:
            yield settings, servers
    except (SettingsInvalid, ServerStartFailed, ServerUnreachable) as error:
        raise click.ClickException(str(error)) from None


def _prepare(servers: Servers) -> None:
    from api.migrations import migrate
    from warehouse.loading import prepare_warehouse

    migrate(servers.database_url)
    prepare_warehouse(servers.warehouse_url)


def _open_log(settings: Settings) -> tuple[Path, logging.Logger]:
    """The log file of pipeline runs, which takes what the terminal is spared."""
    file = settings.data_path.resolve() / "logs" / LOG_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(file, maxBytes=LOG_FILE_MAX_BYTES, backupCount=LOG_FILES_KEPT)
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
        click.secho(f"\r  {progress.name}: failed", fg="red")
    elif progress.seconds is None:
        click.echo(f"  {progress.name} ...", nl=False)
    else:
        click.echo(f"\r  {progress.name}: {progress.seconds:.1f} s")


def _report(outcome: "RunOutcome", log_file: Path) -> None:
    if outcome.loaded_rows:
        click.echo("Changed rows loaded:")
        _echo_rows(outcome.loaded_rows)
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
        click.echo("Nothing was published; readers see the publication before this run, unchanged.", err=True)
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


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _echo_rows(rows: dict[str, int]) -> None:
    for name, count in rows.items():
        click.echo(f"  {name:<40} {count:>12,}")


def _json_value(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
