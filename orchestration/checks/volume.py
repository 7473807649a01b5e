"""As much as usual: of every day that is over, its counts against those of its season. They warn and stop nothing."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    MetadataValue,
    multi_asset_check,
)

from orchestration.checks.season import Season, judge_day
from orchestration.resources import PipelineResource

MARKETPLACE = AssetKey(["marts_build", "agg_marketplace_daily"])
EVENT_BATCHES = AssetKey(["raw_events", "event_batches"])
# What a day ends with may arrive a little later.
SETTLED = timedelta(hours=1)

# Days and counts of the months that are compared, and two more whose weekdays those are compared with.
MARKETPLACE_COUNTS = """
select performance_date as day, sum({measure})::bigint as event_count
from marts_build.agg_marketplace_daily
where performance_date > (now() at time zone 'UTC')::date - 430
group by performance_date
"""
# Imported files bring a year at once, and are no part of a season.
RECEIVED_COUNTS = """
select (recorded_at at time zone 'UTC')::date as day, sum(stored_count)::bigint as event_count
from raw_events.event_batches
where origin in ('api', 'journal') and recorded_at > now() - interval '430 days'
group by 1
"""
# By the check's name: its asset, what it counts, and how.
VOLUMES: dict[str, tuple[AssetKey, str, str]] = {
    "event_batches_volume_is_usual": (EVENT_BATCHES, "Events received in a day", RECEIVED_COUNTS),
    **{
        f"agg_marketplace_daily_{measure}_is_usual": (
            MARKETPLACE,
            f"{what} of a day",
            MARKETPLACE_COUNTS.format(measure=measure),
        )
        for measure, what in (
            ("impression_count", "Impressions"),
            ("view_count", "Views"),
            ("order_count", "Orders"),
        )
    },
}
VOLUME_KEYS = [AssetCheckKey(asset, name) for name, (asset, _, _) in VOLUMES.items()]


@multi_asset_check(
    name="volumes_are_usual",
    can_subset=True,
    specs=[
        AssetCheckSpec(name, asset=asset, description=f"{what} are as many as its weekday and day of the month have.")
        for name, (asset, what, _) in VOLUMES.items()
    ],
)
def volumes_are_usual(context: AssetCheckExecutionContext, pipeline: PipelineResource) -> Iterator[AssetCheckResult]:
    """Compare the last day that is over."""
    day = last_day_over(datetime.now(UTC))
    for name, (asset, _, statement) in VOLUMES.items():
        if AssetCheckKey(asset, name) not in context.selected_asset_check_keys:
            continue
        counts = {row["day"]: int(row["event_count"]) for row in pipeline.query(statement)}
        yield as_result(asset, name, judge(counts, day))


def last_day_over(now: datetime) -> date:
    """The last UTC day of which everything should be there."""
    return (now - SETTLED).date() - timedelta(days=1)


def judge(counts: Mapping[date, int], day: date) -> Season:
    """The day's season, by what was known when it ended."""
    return judge_day({each: count for each, count in counts.items() if each <= day}, day)


def as_result(asset: AssetKey, name: str, season: Season) -> AssetCheckResult:
    """What the check says: the count beside its range. With too short a history it passes, and says so."""
    is_known = season.lowest is not None and season.highest is not None
    return AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not season.is_unusual,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "day": season.day.isoformat(),
            "count": season.count,
            "lowest_usual": MetadataValue.float(max(0.0, round(season.lowest or 0.0, 1))),
            "highest_usual": MetadataValue.float(round(season.highest or 0.0, 1)),
            "history": "enough" if is_known else "too short to judge",
        },
    )
