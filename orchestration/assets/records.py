"""Dagster's own records, which would grow with every run for ever."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dagster import AssetExecutionContext, AssetKey, MaterializeResult, asset

from orchestration.owner import owners_of
from orchestration.retention import forget_old_runs
from orchestration.storage import RECORDS_SCHEMA
from warehouse.databases import connect
from warehouse.servers import running_servers
from warehouse.settings import get_settings

RECORDED_RUNS = AssetKey([RECORDS_SCHEMA, "runs"])


# Without the pipeline's lock, as the lake: it touches runs that have ended.
@asset(key=RECORDED_RUNS, group_name="control", owners=owners_of(RECORDED_RUNS), kinds={"postgres"})
def recorded_runs(context: AssetExecutionContext) -> MaterializeResult[Any]:
    """One row per run of Dagster. Those older than `RUN_RETENTION_DAYS` are deleted with all that they recorded."""
    settings = get_settings()
    before = datetime.now(UTC) - timedelta(days=settings.run_retention_days)
    with running_servers(settings) as servers, connect(servers.warehouse_url) as connection:
        forgotten = forget_old_runs(context.instance, connection, before=before)
    return MaterializeResult(metadata={"forgotten_runs": forgotten, "before": before.isoformat()})
