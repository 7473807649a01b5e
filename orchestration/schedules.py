"""Schedules: what runs by the clock."""

from dagster import DefaultScheduleStatus, RunRequest, ScheduleDefinition, schedule
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.event_days import FIRST_EVENT_DAY, last_event_day, range_tags
from orchestration.jobs import archive_events_job, build_marts_job
from orchestration.quiet import QUIET_ASSETS, QUIET_CHECKS, load_if_quiet
from orchestration.standing import NEVER_RETRIED, NOTHING_NEW, table_keys
from warehouse.databases import connect
from warehouse.lake import oldest_day
from warehouse.loading import prepare_warehouse
from warehouse.servers import running_servers
from warehouse.settings import get_settings


@schedule(
    job=build_marts_job,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Figures are never older than about an hour, however little happens.",
)
def hourly_marts_schedule() -> RunRequest:
    """The whole pipeline; in an hour that brought nothing new, what is left of it."""
    settings = get_settings()
    with running_servers(settings) as servers:
        prepare_warehouse(servers.warehouse_url)
        if load_if_quiet(servers, table_keys(settings.data_path)):
            return RunRequest(
                asset_selection=[*QUIET_ASSETS],
                asset_check_keys=[*QUIET_CHECKS],
                # Something new may have come meanwhile: then a whole run has to do it, not this one again.
                tags={NOTHING_NEW: "true", **NEVER_RETRIED},
            )
    return RunRequest()


@schedule(
    job=archive_events_job,
    # Between two runs of the pipeline, when yesterday's last events have long been stored.
    cron_schedule="30 1 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="A day of events is in the lake by the next morning.",
)
def daily_archive_schedule() -> RunRequest:
    """One run over all days that the database still has: an event that waited in the journal belongs to one before."""
    with running_servers(get_settings()) as servers, connect(servers.database_url) as connection:
        oldest = oldest_day(connection)
    last = last_event_day()
    first = last if oldest is None else max(FIRST_EVENT_DAY, min(oldest, last))
    return RunRequest(tags=range_tags(first, last))


def build_freshness_schedule(job: UnresolvedAssetJobDefinition) -> ScheduleDefinition:
    """The schedule of the job that asks whether everything is fresh."""
    return ScheduleDefinition(
        name="hourly_freshness_schedule",
        job=job,
        # Between two runs of the pipeline.
        cron_schedule="45 * * * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="What is not as new as it should be is noticed within an hour.",
    )
