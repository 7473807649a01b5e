"""Ranks: scores in a total order, one list per surface and segment."""

from datetime import datetime

import polars as pl

from ranking.features import HELD
from ranking.policy import SURFACES, Policy
from ranking.scoring import CONTRIBUTION_DTYPE, score

ALL_SEGMENT = "all"
"""The one segment of every surface but ``category``, whose segments are the categories."""

RANK_SCHEMA = pl.Schema(
    {
        "surface": pl.String(),
        "segment": pl.String(),
        "rank": pl.Int64(),
        "prompt_id": pl.String(),
        "score": pl.Float64(),
        "contributions": pl.List(CONTRIBUTION_DTYPE),
        "policy_version": pl.String(),
    }
)


def rank(policy: Policy, *, prompts: pl.DataFrame, activity: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Rank every prompt on every surface it belongs to, as ``RANK_SCHEMA``, ordered by surface, segment and rank.

    Ranks run 1 (best), 2, ... without gaps or ties in each (surface, segment). Equal scores go to the prompt published
    later, because the older one had its chance to gather evidence, and then to the smaller ``prompt_id`` in byte order.
    Held prompts get no rank, and change nobody else's score: those below move up by as many places.
    Takes the inputs of ``scoring.score`` and raises what it raises.
    """
    scored = _without_held(score(policy, prompts=prompts, activity=activity, as_of=as_of), prompts)
    in_category = pl.col("surface") == "category"
    segment = pl.when(in_category).then(pl.col("category")).otherwise(pl.lit(ALL_SEGMENT))
    surface_order = pl.col("surface").replace_strict(list(SURFACES), list(range(len(SURFACES))), return_dtype=pl.Int8)
    return (
        scored.with_columns(segment=segment, surface_order=surface_order)
        .sort(
            "surface_order",
            "segment",
            "score_micros",
            "published_at",
            "prompt_id",
            descending=[False, False, True, True, False],
        )
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("surface", "segment"),
            policy_version=pl.lit(policy.policy_version),
        )
        .select(RANK_SCHEMA.names())
    )


def _without_held(scored: pl.DataFrame, prompts: pl.DataFrame) -> pl.DataFrame:
    if HELD not in prompts.columns:
        return scored
    return scored.join(prompts.filter(pl.col(HELD)), on="prompt_id", how="anti")
