"""Everything that Dagster runs: the table of contents."""

from dagster import Definitions, in_process_executor

from orchestration.assets.dbt_tables import build_dbt_tables, mart_keys
from orchestration.assets.erasures import erasures
from orchestration.assets.exposures import build_exposures
from orchestration.assets.lake import days_from_lake, lake_events
from orchestration.assets.publication import build_publication, snapshot
from orchestration.assets.ranks import rank_prompts
from orchestration.assets.raw_tables import load_raw_tables
from orchestration.assets.records import recorded_runs
from orchestration.checks.arrival import ARRIVAL_CHECKS
from orchestration.checks.building import build_checks
from orchestration.checks.events import EVENT_RECONCILIATIONS
from orchestration.checks.freshness import build_freshness_checks
from orchestration.checks.marts import RECONCILIATIONS
from orchestration.checks.volume import volumes_are_usual
from orchestration.jobs import archive_events_job, backfill_events_job, build_freshness_job, build_marts_job
from orchestration.resources import PipelineResource
from orchestration.schedules import build_freshness_schedule, daily_archive_schedule, hourly_marts_schedule
from orchestration.sensors import alerts_sensor, waiting_events_sensor
from orchestration.transformation.project import prepare_manifest
from warehouse.settings import get_settings

manifest = prepare_manifest(get_settings().data_path.resolve())
dbt_tables = build_dbt_tables(manifest)
reconciliations = build_checks([*EVENT_RECONCILIATIONS, *RECONCILIATIONS])
freshness_checks = build_freshness_checks(mart_keys(dbt_tables))
freshness_job = build_freshness_job(freshness_checks)

definitions = Definitions(
    assets=[
        load_raw_tables,
        dbt_tables,
        rank_prompts,
        build_publication(mart_keys(dbt_tables)),
        snapshot,
        erasures,
        lake_events,
        days_from_lake,
        recorded_runs,
        *build_exposures(manifest),
    ],
    asset_checks=[*ARRIVAL_CHECKS, *reconciliations, volumes_are_usual, *freshness_checks],
    jobs=[build_marts_job, backfill_events_job, archive_events_job, freshness_job],
    schedules=[hourly_marts_schedule, daily_archive_schedule, build_freshness_schedule(freshness_job)],
    sensors=[waiting_events_sensor, alerts_sensor],
    resources={"pipeline": PipelineResource()},
    executor=in_process_executor,
)
