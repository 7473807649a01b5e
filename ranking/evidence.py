"""Evidence: what is known about each prompt on the market, weighted by its age."""

from datetime import datetime

import polars as pl

from ranking.features import ACTIVITY_COUNTS, DAY_MICROSECONDS, age_days, decay_weight, utc_literal
from ranking.policy import Evidence

COUNTS = ("impressions", "clicks", "orders", "refunds", "recent_orders")


def gather_evidence(
    policy: Evidence, *, prompts: pl.DataFrame, activity: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """One row per prompt published before ``as_of``, sorted by ``prompt_id``.

    Columns: ``prompt_id``, ``category``, ``published_at``, ``published_days`` (age, float) and the decayed counts
    ``impressions``, ``clicks``, ``orders``, ``refunds`` at the evidence half-life and ``recent_orders`` at
    the recent one, all in whole ``WEIGHT_UNIT``-ths. Activity of prompts that are not on the
    market, and activity outside the window, is left out.
    """
    published_days = (utc_literal(as_of) - pl.col("published_at")).dt.total_microseconds() / DAY_MICROSECONDS
    on_market = prompts.filter(pl.col("published_at") < utc_literal(as_of)).select(
        "prompt_id", "category", "published_at", published_days=published_days
    )
    return (
        on_market.join(_decayed_counts(policy, activity, as_of), on="prompt_id", how="left")
        .with_columns(pl.col(COUNTS).fill_null(0))
        .sort("prompt_id")
    )


def _decayed_counts(policy: Evidence, activity: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Counts per prompt in ``WEIGHT_UNIT``-ths: integers, so the order of rows cannot change a sum."""
    lasting, recent = pl.col("lasting_weight"), pl.col("recent_weight")
    impressions, clicks, orders, refunds = (pl.col(count) for count in ACTIVITY_COUNTS)
    return (
        activity.with_columns(age=age_days(as_of))
        .filter(pl.col("age") < policy.window_days)
        .with_columns(
            lasting_weight=decay_weight(pl.col("age"), policy.half_life_days),
            recent_weight=decay_weight(pl.col("age"), policy.recent_half_life_days),
        )
        .group_by("prompt_id")
        .agg(
            impressions=(impressions * lasting).sum(),
            clicks=(clicks * lasting).sum(),
            orders=(orders * lasting).sum(),
            refunds=(refunds * lasting).sum(),
            recent_orders=(orders * recent).sum(),
        )
    )
