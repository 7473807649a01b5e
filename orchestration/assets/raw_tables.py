"""The raw tables of the warehouse, loaded from the application database."""

from collections.abc import Iterator
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetSpec, MaterializeResult, multi_asset

from orchestration.backlog import store_waiting_events
from orchestration.event_days import DAYS_FROM_LAKE
from orchestration.owner import owners_of
from orchestration.resources import PipelineResource
from warehouse.databases import connect
from warehouse.erasure import Person, Sources, erase_sources, erase_warehouse, read_open
from warehouse.loading import load_all
from warehouse.loading.gaps import fill_gaps
from warehouse.raw_tables import RAW_TABLES

EVENTS = AssetKey(["raw_events", "events"])

RAW_TABLE_SPECS = [
    AssetSpec(
        key := AssetKey([table.schema, table.name]),
        # Where a run brings days back from the lake, what it loads comes after them.
        deps=[DAYS_FROM_LAKE] if key == EVENTS else [],
        group_name="raw",
        owners=owners_of(key),
        description=f"Rows of the application's table {table.source_table}, as they are.",
        kinds={"postgres"},
    )
    for table in RAW_TABLES
]


# One asset function for all of them: the tables of one load share its timestamp.
@multi_asset(specs=RAW_TABLE_SPECS)
def load_raw_tables(context: AssetExecutionContext, pipeline: PipelineResource) -> Iterator[MaterializeResult[Any]]:
    """Store the events that wait in the journal, then load whatever changed in the application database.

    Hours of events that no load brought, whatever the reason, are loaded again.
    People to erase are erased from what is loaded before that, and from the warehouse after it.
    """
    drain_journal(context, pipeline)
    people = erase_people_from_sources(pipeline)
    report = load_all(pipeline.servers.database_url, pipeline.warehouse_url)
    gaps = fill_gaps(pipeline.servers.database_url, pipeline.warehouse_url)
    if gaps.found:
        context.log.warning(
            "hours of events were missing: %s; %d rows were loaded again", gaps.found, gaps.changed_rows
        )
    changed = erase_warehouse(pipeline.warehouse_url, people)
    if people:
        context.log.info("%d people are erased from the warehouse, in %d rows", len(people), changed)
    for table in RAW_TABLES:
        yield MaterializeResult(
            asset_key=AssetKey([table.schema, table.name]),
            metadata={
                "changed_rows": report.changed_rows[table.full_name],
                "loaded_at": report.loaded_at.isoformat(),
            },
        )


def erase_people_from_sources(pipeline: PipelineResource) -> list[Person]:
    """Erase the people on the work list from events and the lake; the people, for the steps that come later."""
    servers = pipeline.servers
    data_path = pipeline.settings.data_path.resolve()
    with connect(servers.database_url, autocommit=True) as connection:
        sources = Sources(connection, servers.database_url, servers.warehouse_url, servers.redis_url, data_path)
        return erase_sources(sources, read_open(connection))


def drain_journal(context: AssetExecutionContext, pipeline: PipelineResource) -> None:
    """Store every event that was accepted before now."""
    report = store_waiting_events(pipeline.settings, pipeline.servers)
    context.log.info("%d events stored from the journal, %d quarantined", report.stored, report.quarantined)
