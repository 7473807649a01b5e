"""Runs that Dagster takes for living though their process was killed. They would block those that queue behind them."""

import time

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from orchestration.jobs import build_marts_job

# A run is under way for a moment before it holds the pipeline's lock, and after it let go of it.
GRACE_SECONDS = 60


def close_dead_runs(
    instance: DagsterInstance, *, except_run_id: str | None = None, grace: float = GRACE_SECONDS
) -> int:
    """Record runs that started over `grace` seconds ago as failed; how many. Call while no other run holds the lock."""
    closed = 0
    for record in instance.get_run_records(
        RunsFilter(job_name=build_marts_job.name, statuses=[DagsterRunStatus.STARTED])
    ):
        run = record.dagster_run
        if run.run_id == except_run_id or time.time() - (record.start_time or 0) < grace:
            continue
        instance.report_run_failed(run, "The process of this run ended before the run did")
        closed += 1
    return closed
