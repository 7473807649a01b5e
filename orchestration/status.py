"""How the pipeline stands: what is published, what waits, how the last run ended."""

from dataclasses import dataclass
from datetime import UTC, datetime

from dagster import DagsterInstance, RunsFilter

from orchestration.backlog import count_waiting_events
from orchestration.home import prepare_dagster_home
from orchestration.jobs import build_marts_job
from orchestration.lock import is_pipeline_running
from warehouse.databases import connect, database_exists
from warehouse.publication import PublishedState, read_current
from warehouse.servers import Servers
from warehouse.settings import Settings


@dataclass(frozen=True)
class LastRun:
    """The run that was started last; `outcome` is Dagster's word for its state, as in `success` or `failure`."""

    run_id: str
    started_at: datetime
    outcome: str


@dataclass(frozen=True)
class PipelineStatus:
    """The current publication (None before the first), the events no run has loaded yet, and the last run."""

    publication: PublishedState | None
    waiting_events: int
    is_running: bool
    last_run: LastRun | None


def read_status(settings: Settings, servers: Servers) -> PipelineStatus:
    """Read the status; works before anything was ever set up."""
    is_set_up = database_exists(servers.database_url) and database_exists(servers.warehouse_url)
    return PipelineStatus(
        publication=_published(servers.warehouse_url) if is_set_up else None,
        waiting_events=_waiting(servers) if is_set_up else 0,
        is_running=is_pipeline_running(servers.warehouse_url) if is_set_up else False,
        last_run=_last_run(settings) if is_set_up else None,
    )


def _published(warehouse_url: str) -> PublishedState | None:
    with connect(warehouse_url) as connection:
        # One snapshot, so that the counts are those of the publication named.
        connection.execute("set transaction isolation level repeatable read, read only")
        return read_current(connection)


def _waiting(servers: Servers) -> int:
    return count_waiting_events(
        database_url=servers.database_url, warehouse_url=servers.warehouse_url, redis_url=servers.redis_url
    )


def _last_run(settings: Settings) -> LastRun | None:
    with DagsterInstance.from_config(str(prepare_dagster_home(settings.data_path))) as instance:
        records = list(instance.get_run_records(RunsFilter(job_name=build_marts_job.name), limit=1))
    if not records:
        return None
    run, began = records[0].dagster_run, records[0].start_time
    started_at = datetime.fromtimestamp(began, UTC) if began else records[0].create_timestamp
    return LastRun(run.run_id, started_at, run.status.value.lower())
