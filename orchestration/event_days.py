"""Days of events as partitions: the UTC days on which events were received, which is how the lake is divided.

A range of days is one run, whoever asks for it, and goes through them one after the other, the first one first. Runs
for a day each would wait for one another at the pipeline's lock, and each would do again what is done once after the
last day.
"""

import warnings
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from dagster import AssetExecutionContext, AssetKey, BackfillPolicy, BetaWarning, DailyPartitionsDefinition
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

LAKE_EVENTS = AssetKey(["lake", "events"])
DAYS_FROM_LAKE = AssetKey(["raw_events", "days_from_lake"])
# Before any event was ever received.
FIRST_EVENT_DAY = date(2020, 1, 1)
EVENT_DAYS = DailyPartitionsDefinition(start_date=FIRST_EVENT_DAY.isoformat(), timezone="UTC")
ONE_RUN = BackfillPolicy.single_run()

# Every asset that says how it is backfilled is told that this way of saying it may change.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=BetaWarning)


def last_event_day() -> date:
    """Yesterday, the last day that is over."""
    return datetime.now(UTC).date() - timedelta(days=1)


def range_tags(first: date, last: date) -> Mapping[str, str]:
    """The tags of one run over the days from `first` to `last`, both included."""
    return {ASSET_PARTITION_RANGE_START_TAG: first.isoformat(), ASSET_PARTITION_RANGE_END_TAG: last.isoformat()}


def days_of(context: AssetExecutionContext) -> tuple[date, date]:
    """The first and the last day a run is for."""
    wanted = context.partition_key_range
    return date.fromisoformat(wanted.start), date.fromisoformat(wanted.end)
