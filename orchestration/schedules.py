"""Schedules: what runs by the clock."""

from dagster import DefaultScheduleStatus, ScheduleDefinition

from orchestration.jobs import build_marts_job

hourly_marts_schedule = ScheduleDefinition(
    name="hourly_marts_schedule",
    job=build_marts_job,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Figures are never older than about an hour, however little happens.",
)
