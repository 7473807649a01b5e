"""Jobs: what is run as one."""

from dagster import AssetSelection, define_asset_job, in_process_executor

# One process for all steps: the resources hold one lock over the whole run, and importing dbt is paid for once.
build_marts_job = define_asset_job(
    "build_marts_job",
    selection=AssetSelection.all(),
    executor_def=in_process_executor,
    description="The whole pipeline: load, transform, check, rank, publish, and the analysts' snapshot.",
)
