"""The event lake, day by day: what is over becomes files, and files go back into a warehouse that lacks them."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, asset

from orchestration.event_days import DAYS_FROM_LAKE, EVENT_DAYS, LAKE_EVENTS, ONE_RUN, days_of
from orchestration.owner import owners_of
from orchestration.resources import PipelineResource
from warehouse.databases import connect
from warehouse.journal.quarantine import forget_old
from warehouse.lake import LAKE_DIRECTORY, archive_events, load_days, read_days_let_go
from warehouse.loading import prepare_warehouse
from warehouse.servers import running_servers
from warehouse.settings import get_settings


# Without the pipeline's lock: it reads days that are over, and the pipeline those that are new.
@asset(
    key=LAKE_EVENTS,
    partitions_def=EVENT_DAYS,
    backfill_policy=ONE_RUN,
    group_name="lake",
    owners=owners_of(LAKE_EVENTS),
    kinds={"parquet"},
)
def lake_events(context: AssetExecutionContext) -> MaterializeResult[Any]:
    """One folder of Parquet files per UTC day on which events were received; old days leave the database."""
    settings = get_settings()
    first, last = days_of(context)
    with running_servers(settings) as servers:
        prepare_warehouse(servers.warehouse_url)
        with connect(servers.database_url) as connection:
            forgotten = forget_old(connection, retention_days=settings.quarantine_retention_days)
        report = archive_events(
            servers.database_url,
            servers.warehouse_url,
            settings.data_path.resolve() / LAKE_DIRECTORY,
            retention_days=settings.event_retention_days,
            first=first,
            last=last,
        )
    for day in report.days:
        context.add_asset_metadata(
            {"written_rows": day.written_rows, "is_detached": day.is_detached},
            asset_key=LAKE_EVENTS,
            partition_key=day.received_date.isoformat(),
        )
    context.log.info("%d events archived, %d quarantined rows forgotten", report.written_rows, forgotten)
    return MaterializeResult()


@asset(
    key=DAYS_FROM_LAKE,
    deps=[LAKE_EVENTS],
    partitions_def=EVENT_DAYS,
    backfill_policy=ONE_RUN,
    group_name="raw",
    owners=owners_of(DAYS_FROM_LAKE),
    kinds={"postgres"},
)
def days_from_lake(context: AssetExecutionContext, pipeline: PipelineResource) -> MaterializeResult[Any]:
    """Days of the lake in the warehouse, for one that is new or lost events the application has let go of.

    What the warehouse has already stays as it is. Nothing of a damaged day is loaded, nor of any day after it.
    """
    first, last = days_of(context)
    lake = pipeline.settings.data_path.resolve() / LAKE_DIRECTORY
    with connect(pipeline.servers.database_url) as connection:
        let_go = read_days_let_go(connection)
    for day in load_days(lake, pipeline.warehouse_url, first, last, let_go=let_go):
        context.add_asset_metadata(
            {"row_count": day.row_count, "changed_rows": day.changed_rows},
            asset_key=DAYS_FROM_LAKE,
            partition_key=day.received_date.isoformat(),
        )
    return MaterializeResult()
