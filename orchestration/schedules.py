"""Schedules: what runs by the clock."""

from dagster import DefaultScheduleStatus, ScheduleDefinition

from orchestration.jobs import archive_events_job, build_marts_job

hourly_marts_schedule = ScheduleDefinition(
    name="hourly_marts_schedule",
    job=build_marts_job,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Figures are never older than about an hour, however little happens.",
)

daily_archive_schedule = ScheduleDefinition(
    name="daily_archive_schedule",
    job=archive_events_job,
    # Between two runs of the pipeline, when yesterday's last events have long been stored.
    cron_schedule="30 1 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="A day of events is in the lake by the next morning.",
)
