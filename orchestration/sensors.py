"""Sensors: what runs because something happened."""

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from orchestration.alerts.watching import watch
from orchestration.backlog import count_waiting_events
from orchestration.dead_runs import close_dead_runs
from orchestration.jobs import build_marts_job
from orchestration.lock import is_pipeline_running
from warehouse.loading import prepare_warehouse
from warehouse.servers import running_servers, servers_or_addresses
from warehouse.settings import get_settings

INTERVAL_SECONDS = 10
# Those that started already hold the pipeline's lock, or are dead.
UPCOMING = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING]


@sensor(
    job=build_marts_job, minimum_interval_seconds=INTERVAL_SECONDS, default_status=DefaultSensorStatus.RUNNING
)  # fmt: skip
def waiting_events_sensor(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """Run the pipeline when enough new events wait, so that busy hours are fresh within minutes."""
    settings = get_settings()
    with running_servers(settings) as servers:
        prepare_warehouse(servers.warehouse_url)
        if is_pipeline_running(servers.warehouse_url):
            return SkipReason("A run is at work; what waits now is looked at when it has finished")
        close_dead_runs(context.instance)
        if context.instance.get_runs(RunsFilter(job_name=build_marts_job.name, statuses=UPCOMING), limit=1):
            return SkipReason("A run is about to start")
        waiting = count_waiting_events(
            database_url=servers.database_url, warehouse_url=servers.warehouse_url, redis_url=servers.redis_url
        )
    if waiting < settings.pipeline_sensor_min_events:
        return SkipReason(f"{waiting} events wait; a run starts at {settings.pipeline_sensor_min_events}")
    return RunRequest(tags={"waiting_events": str(waiting)})


@sensor(name="alerts_sensor", minimum_interval_seconds=60, default_status=DefaultSensorStatus.RUNNING)
def alerts_sensor() -> SkipReason:
    """Ask the rules of alerts every minute, and tell ops what is new."""
    settings = get_settings()
    with servers_or_addresses(settings) as servers:
        found = watch(settings, servers)
    news = "; ".join(f"{each.occasion} {each.outcome.rule} {each.outcome.subject}" for each in found.news)
    return SkipReason(f"{len(found.alerting)} alerting; news: {news or 'none'}")
