"""The event lake: yesterday and whatever else is over, as files."""

from typing import Any

from dagster import AssetKey, MaterializeResult, asset

from orchestration.owner import owners_of
from warehouse.databases import connect
from warehouse.journal.quarantine import forget_old
from warehouse.lake import LAKE_DIRECTORY, archive_events
from warehouse.loading import prepare_warehouse
from warehouse.servers import running_servers
from warehouse.settings import get_settings

LAKE_EVENTS = AssetKey(["lake", "events"])


# Without the pipeline's lock: it reads days that are over, and the pipeline those that are new.
@asset(key=LAKE_EVENTS, group_name="lake", owners=owners_of(LAKE_EVENTS), kinds={"parquet"})
def lake_events() -> MaterializeResult[Any]:
    """One folder of Parquet files per UTC day on which events were received; old days leave the database."""
    settings = get_settings()
    with running_servers(settings) as servers:
        prepare_warehouse(servers.warehouse_url)
        report = archive_events(
            servers.database_url,
            servers.warehouse_url,
            settings.data_path.resolve() / LAKE_DIRECTORY,
            retention_days=settings.event_retention_days,
        )
        with connect(servers.database_url) as connection:
            forgotten = forget_old(connection, retention_days=settings.quarantine_retention_days)
    return MaterializeResult(
        metadata={
            "forgotten_quarantined_rows": forgotten,
            "written_rows": report.written_rows,
            "archived_days": [str(day.received_date) for day in report.days if day.written_rows],
            "detached_days": [str(day.received_date) for day in report.days if day.is_detached],
        }
    )
