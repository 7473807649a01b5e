"""Scores: signals times weights, in whole micro-points, so that contributions add up to the score exactly."""

from datetime import datetime
from typing import TypedDict

import polars as pl

from ranking.evidence import gather_evidence
from ranking.features import check_features
from ranking.policy import SURFACES, Component, Policy, SurfaceName
from ranking.signals import measure_signals

MICRO_POINTS = 1_000_000
"""Contributions are rounded to a millionth of a point: finer than any figure in a policy, and exact in a float."""


class Contribution(TypedDict):
    """What one component adds to a score: ``contribution`` is ``weight * signal`` rounded to a millionth.

    ``value`` is what was measured and ``reference`` what it was held against, in the component's own unit (see
    ``signals``); ``signal`` is the comparison, in [-1, 1].
    """

    component: str
    value: float
    reference: float
    signal: float
    weight: float
    contribution: float


CONTRIBUTION_DTYPE = pl.Struct(
    {
        "component": pl.String(),
        "value": pl.Float64(),
        "reference": pl.Float64(),
        "signal": pl.Float64(),
        "weight": pl.Float64(),
        "contribution": pl.Float64(),
    }
)

SCORE_SCHEMA = pl.Schema(
    {
        "surface": pl.String(),
        "prompt_id": pl.String(),
        "category": pl.String(),
        "published_at": pl.Datetime("us", "UTC"),
        "score": pl.Float64(),
        "score_micros": pl.Int64(),
        "contributions": pl.List(CONTRIBUTION_DTYPE),
    }
)


def score(policy: Policy, *, prompts: pl.DataFrame, activity: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Score every prompt on every surface it belongs to, as ``SCORE_SCHEMA``, ordered by surface and ``prompt_id``.

    ``prompts`` and ``activity`` follow ``features.PROMPT_SCHEMA`` and ``features.ACTIVITY_SCHEMA``; a breach raises
    ``FeaturesInvalid``. Prompts not published before ``as_of`` appear nowhere, prompts without a category are not on
    ``category``, prompts older than the policy's ``max_age_days`` are not on ``new``.

    The micro-points of the contributions add up to ``score_micros``, and ``score`` is ``score_micros`` / 1e6, so
    ``sum(round(c * 1e6)) == round(score * 1e6)`` holds exactly.
    """
    check_features(prompts=prompts, activity=activity, as_of=as_of)
    evidence = gather_evidence(policy.evidence, prompts=prompts, activity=activity, as_of=as_of)
    measured = measure_signals(policy, evidence)
    return pl.concat([_score_surface(policy, surface, measured) for surface in SURFACES]).match_to_schema(SCORE_SCHEMA)


def _score_surface(policy: Policy, surface: SurfaceName, measured: pl.DataFrame) -> pl.DataFrame:
    used = policy.weights(surface).used()
    micros = [_micro_points(component, weight) for component, weight in used]
    contributions = [_contribution(component, weight) for component, weight in used]
    return (
        measured.filter(_belongs(policy, surface))
        .with_columns(score_micros=pl.sum_horizontal(micros))
        .select(
            pl.lit(surface).alias("surface"),
            "prompt_id",
            "category",
            "published_at",
            score=_points(pl.col("score_micros")),
            score_micros="score_micros",
            contributions=pl.concat_list(contributions),
        )
    )


def _belongs(policy: Policy, surface: SurfaceName) -> pl.Expr:
    if surface == "new":
        return pl.col("published_days") <= policy.surfaces.new.max_age_days
    if surface == "category":
        return pl.col("category").is_not_null() & (pl.col("category") != "")
    return pl.lit(True)


def _micro_points(component: Component, weight: float) -> pl.Expr:
    signal = pl.col(component.value).struct.field("signal")
    return (signal * weight * MICRO_POINTS).round().cast(pl.Int64)


def _points(micros: pl.Expr) -> pl.Expr:
    """The float nearest to micro-points / 1e6, as any other program reads it.

    Polars divides by multiplying with a reciprocal, which misses the nearest float in a third of all cases; rounding to
    the six places there are repairs it.
    """
    return (micros / MICRO_POINTS).round(6)


def _contribution(component: Component, weight: float) -> pl.Expr:
    measured = pl.col(component.value).struct
    return pl.struct(
        component=pl.lit(component.value),
        value=measured.field("value"),
        reference=measured.field("reference"),
        signal=measured.field("signal"),
        weight=pl.lit(weight),
        contribution=_points(_micro_points(component, weight)),
    )
