"""The inputs of a ranking: their columns, their checks, and the weight of a day by its age."""

from datetime import UTC, datetime

import polars as pl

ACTIVITY_COUNTS = ("impression_count", "click_count", "order_count", "refund_count")

ACTIVITY_SCHEMA = pl.Schema(
    {"prompt_id": pl.String(), "activity_date": pl.Date(), **{count: pl.Int64() for count in ACTIVITY_COUNTS}}
)
"""One row per prompt and UTC day, holding only facts strictly before ``as_of``.

The day ``as_of`` falls into may be present with what had happened until then. A refund counts on the day of the order
it reverses. Days without activity need no row.
"""

PROMPT_SCHEMA = pl.Schema({"prompt_id": pl.String(), "category": pl.String(), "published_at": pl.Datetime("us", "UTC")})
"""One row per prompt. ``category`` may be null or empty: the prompt is then in no category list.

A prompt whose ``published_at`` is null or not before ``as_of`` is not on the market and appears nowhere. One whose
``is_held`` is true (a column that may be left out) counts as evidence for the others and appears nowhere either.
"""

HELD = "is_held"

WEIGHT_UNIT = 1_000_000
"""Decay weights are whole millionths, so that weighted counts are integers and their sums the same in any order."""

MAX_DAILY_COUNT = 1_000_000_000
"""Largest count of one row: 9,000 such rows still fit the 64-bit sum of counts times ``WEIGHT_UNIT``."""

DAY_MICROSECONDS = 86_400_000_000


class FeaturesInvalid(ValueError):
    """The features handed to a ranking break their contract."""


def check_features(*, prompts: pl.DataFrame, activity: pl.DataFrame, as_of: datetime) -> None:
    """Raise ``FeaturesInvalid`` unless both frames keep their schema, keys are unique and counts are sound.

    Columns beyond the schema are allowed and not read.
    """
    if as_of.tzinfo is None:
        raise FeaturesInvalid(f"as_of has no time zone. Pass an aware datetime, for example in UTC: {as_of}")
    _check_columns("prompts", prompts, PROMPT_SCHEMA)
    _check_columns("activity", activity, ACTIVITY_SCHEMA)
    if HELD in prompts.columns:
        _check_columns("prompts", prompts, pl.Schema({HELD: pl.Boolean()}))
        _check_complete("prompts", prompts, (HELD,))
    _check_complete("prompts", prompts, ("prompt_id",))
    _check_complete("activity", activity, tuple(ACTIVITY_SCHEMA))
    _check_unique("prompts", prompts, ("prompt_id",))
    _check_unique("activity", activity, ("prompt_id", "activity_date"))
    _check_counts(activity)
    _check_past(activity, as_of)


def age_days(as_of: datetime) -> pl.Expr:
    """Age in days of the activity in ``activity_date`` at ``as_of``.

    A day is as old as its last instant: yesterday is 0 days old at midnight. The day that ``as_of`` falls into has not
    ended, and what would be a negative age counts as 0.
    """
    day_end = pl.col("activity_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(days=1)
    return ((utc_literal(as_of) - day_end).dt.total_microseconds() / DAY_MICROSECONDS).clip(lower_bound=0.0)


def decay_weight(age: pl.Expr, half_life_days: float) -> pl.Expr:
    """Exponential decay ``0.5 ** (age / half_life)`` in whole ``WEIGHT_UNIT``-ths: a half-life halves the weight."""
    return (pl.lit(0.5).pow(age / half_life_days) * WEIGHT_UNIT).round().cast(pl.Int64)


def utc_literal(moment: datetime) -> pl.Expr:
    """An aware datetime as a literal of the type of ``published_at``."""
    return pl.lit(moment.astimezone(UTC).replace(tzinfo=None), dtype=pl.Datetime("us")).dt.replace_time_zone("UTC")


def _check_columns(frame: str, data: pl.DataFrame, schema: pl.Schema) -> None:
    for column, expected in schema.items():
        if column not in data.columns:
            raise FeaturesInvalid(f"The {frame} frame has no column of type {expected} by this name: {column}")
        if data.schema[column] != expected:
            found = data.schema[column]
            raise FeaturesInvalid(f"A column of the {frame} frame is {found} and must be cast to {expected}: {column}")


def _check_complete(frame: str, data: pl.DataFrame, columns: tuple[str, ...]) -> None:
    for column in columns:
        missing = data[column].null_count()
        if missing:
            raise FeaturesInvalid(
                f"A column of the {frame} frame is null in {missing} rows and must be filled: {column}"
            )


def _check_unique(frame: str, data: pl.DataFrame, key: tuple[str, ...]) -> None:
    repeated = data.group_by(key).len().filter(pl.col("len") > 1).sort(key)
    if repeated.height:
        first = ", ".join(f"{column}={repeated[column][0]}" for column in key)
        raise FeaturesInvalid(
            f"The {frame} frame must have one row per {' and '.join(key)}, and {repeated.height} keys come more than "
            f"once; add their rows up first. The first is {first}"
        )


def _check_counts(activity: pl.DataFrame) -> None:
    for column in ACTIVITY_COUNTS:
        wrong = activity.filter(~pl.col(column).is_between(0, MAX_DAILY_COUNT)).sort("prompt_id", "activity_date")
        if wrong.height:
            row = wrong.row(0, named=True)
            raise FeaturesInvalid(
                f"A count of the activity frame must lie between 0 and {MAX_DAILY_COUNT}; {column} is {row[column]} "
                f"on {row['activity_date']} for prompt {row['prompt_id']}"
            )


def _check_past(activity: pl.DataFrame, as_of: datetime) -> None:
    day_start = pl.col("activity_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    future = activity.filter(day_start >= utc_literal(as_of)).sort("prompt_id", "activity_date")
    if future.height:
        row = future.row(0, named=True)
        raise FeaturesInvalid(
            f"The activity frame may hold facts before as_of ({as_of.astimezone(UTC).isoformat()}) only, and "
            f"{future.height} rows lie on later days; filter them out. The first is {row['activity_date']} "
            f"of prompt {row['prompt_id']}"
        )
