"""Jobs: what is run as one."""

from dagster import AssetSelection, define_asset_job, in_process_executor

from orchestration.assets.lake import LAKE_EVENTS

# One process for all steps: the resources hold one lock over the whole run, and importing dbt is paid for once.
build_marts_job = define_asset_job(
    "build_marts_job",
    selection=AssetSelection.all() - AssetSelection.assets(LAKE_EVENTS),
    executor_def=in_process_executor,
    description="The whole pipeline: load, transform, check, rank, publish, and the analysts' snapshot.",
)

archive_events_job = define_asset_job(
    "archive_events_job",
    selection=AssetSelection.assets(LAKE_EVENTS),
    executor_def=in_process_executor,
    description="Days of events that are over become files of the lake; those kept long enough leave the database.",
)
