"""Jobs: what is run as one."""

from collections.abc import Sequence

from dagster import AssetChecksDefinition, AssetSelection, define_asset_job, in_process_executor
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.assets.records import RECORDED_RUNS
from orchestration.event_days import DAYS_FROM_LAKE, LAKE_EVENTS

# A run that died is run again from its first step: its load must be as new as its ranks.
RETRIED_WHOLE = {"dagster/retry_strategy": "ALL_STEPS"}

PIPELINE = AssetSelection.all() - AssetSelection.assets(LAKE_EVENTS, RECORDED_RUNS, DAYS_FROM_LAKE)

# One process for all steps: the resources hold one lock over the whole run, and importing dbt is paid for once.
build_marts_job = define_asset_job(
    "build_marts_job",
    selection=PIPELINE,
    executor_def=in_process_executor,
    tags=RETRIED_WHOLE,
    description="The whole pipeline: load, transform, check, rank, publish, and the analysts' snapshot.",
)

backfill_events_job = define_asset_job(
    "backfill_events_job",
    selection=PIPELINE | AssetSelection.assets(DAYS_FROM_LAKE),
    executor_def=in_process_executor,
    tags=RETRIED_WHOLE,
    description="Days from the lake into the warehouse, one after the other, then the whole pipeline: one run.",
)

archive_events_job = define_asset_job(
    "archive_events_job",
    selection=AssetSelection.assets(LAKE_EVENTS, RECORDED_RUNS),
    executor_def=in_process_executor,
    tags=RETRIED_WHOLE,
    description="Days of events that are over become files of the lake; what is old enough leaves the databases.",
)


def build_freshness_job(checks: Sequence[AssetChecksDefinition]) -> UnresolvedAssetJobDefinition:
    """The job that asks whether everything is fresh, beside the runs that make it so."""
    return define_asset_job(
        "check_freshness_job",
        selection=AssetSelection.checks(*checks),
        executor_def=in_process_executor,
        description="Whether everything is as new as it should be; it notices the run that did not come.",
    )
