"""How events arrive: nothing of an hour left out, and nothing unusual about them."""

from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    MetadataValue,
    asset_check,
    multi_asset_check,
)

from orchestration.resources import PipelineResource
from warehouse.databases import connect
from warehouse.event_measures import LAST_LOADED, RECENT_HOURS, measure_events, read_dropped_share
from warehouse.loading.gaps import find_gaps, find_silent_hours, read_filled

EVENTS = AssetKey(["raw_events", "events"])
EVENT_BATCHES = AssetKey(["raw_events", "event_batches"])
# The measures of `warehouse.event_measures`, each a check of its own that warns and stops nothing.
MEASURES = {
    "lateness_p50_seconds": "Half of the live events arrive within this many seconds of happening.",
    "lateness_p95_seconds": "95 % of the live events arrive within this many seconds of happening.",
    "null_user_share": "Share without a user, of events that nobody causes without a log-in.",
    "null_session_share": "Share of events that don't say which visit they belong to.",
    "null_prompt_share": "Share without a prompt, of events that mean nothing without one.",
    "quarantined_share": "Share of what arrived that could not be taken in.",
    "dropped_share": "Share of its own events that the service had to leave out, ever.",
}


@asset_check(
    asset=EVENT_BATCHES,
    name="event_batches_have_no_gap",
    description="Of every hour, as many batches and events as the application stored. Loads fill what is missing.",
    blocking=True,
)
def event_batches_have_no_gap(pipeline: PipelineResource) -> AssetCheckResult:
    """Compare the ledgers hour by hour, and tell which hours were filled and which had no events at all."""
    gaps = find_gaps(pipeline.servers.database_url, pipeline.warehouse_url)
    with connect(pipeline.warehouse_url) as warehouse, connect(pipeline.servers.database_url) as application:
        filled = read_filled(warehouse)
        silent = find_silent_hours(application, hours=RECENT_HOURS)
    return AssetCheckResult(
        passed=not gaps,
        metadata={
            "gaps": MetadataValue.json([str(gap) for gap in gaps]),
            "filled_last": MetadataValue.json([{name: str(value) for name, value in row.items()} for row in filled]),
            "silent_hours": MetadataValue.json([hour.isoformat() for hour in silent]),
        },
    )


@multi_asset_check(
    name="events_are_usual",
    specs=[
        AssetCheckSpec(f"events_{name}_is_usual", asset=EVENTS, description=text) for name, text in MEASURES.items()
    ],
)
def events_are_usual(pipeline: PipelineResource) -> Iterator[AssetCheckResult]:
    """Hold what the last load brought against the thresholds of the settings."""
    dropped_share = read_dropped_share(pipeline.servers.redis_url)
    with connect(pipeline.warehouse_url) as warehouse:
        measured = measure_events(warehouse, pipeline.settings, place=LAST_LOADED, dropped_share=dropped_share)
    for measure in measured.measures:
        yield AssetCheckResult(
            asset_key=EVENTS,
            check_name=f"events_{measure.name}_is_usual",
            passed=not measure.is_exceeded,
            severity=AssetCheckSeverity.WARN,
            metadata={
                "value": MetadataValue.null() if measure.value is None else MetadataValue.float(float(measure.value)),
                "threshold": MetadataValue.float(float(measure.threshold)),
                "by_name": MetadataValue.json(measured.by_name),
            },
        )


ARRIVAL_CHECKS = [event_batches_have_no_gap, events_are_usual]
