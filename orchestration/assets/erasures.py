"""The end of an erasure: what is published now names the person no more, and what was published before goes."""

from typing import Any

from dagster import AssetExecutionContext, AssetKey, MaterializeResult, asset

from orchestration.assets.publication import SNAPSHOT
from orchestration.owner import owners_of
from orchestration.resources import PipelineResource
from warehouse.databases import connect
from warehouse.erasure import finish_erasures, read_open

ERASURES = AssetKey(["control", "erasures"])


@asset(key=ERASURES, deps=[SNAPSHOT], group_name="control", owners=owners_of(ERASURES), kinds={"postgres"})
def erasures(context: AssetExecutionContext, pipeline: PipelineResource) -> MaterializeResult[Any]:
    """One row per erasure. Those whose person is found nowhere any more are closed; the others are tried again."""
    servers = pipeline.servers
    with connect(servers.database_url) as connection:
        people = read_open(connection)
    report = finish_erasures(
        servers.database_url,
        servers.warehouse_url,
        pipeline.settings.data_path,
        people,
    )
    for erasure_id, tables in report.remaining.items():
        context.log.warning("Erasure %s is not done: the person is still in %s", erasure_id, ", ".join(tables))
    return MaterializeResult(
        metadata={
            "completed": report.completed,
            "remaining": report.remaining,
            "retired_snapshots": report.retired_snapshots,
            "is_engine_retired": report.is_engine_retired,
        }
    )
