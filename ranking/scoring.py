"""Scores: signals times weights, in whole micro-points, so that contributions add up to the score exactly."""

from datetime import datetime
from typing import TypedDict

import polars as pl

from ranking.evidence import gather_evidence
from ranking.features import check_features
from ranking.policy import SURFACES, Component, Policy, SurfaceName
from ranking.signals import Signal, measure_signals

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
    signals = measure_signals(policy, evidence)
    listed = [_score_surface(policy, surface, evidence, signals) for surface in SURFACES]
    return pl.concat(listed).match_to_schema(SCORE_SCHEMA)


def _score_surface(
    policy: Policy, surface: SurfaceName, evidence: pl.DataFrame, signals: dict[Component, Signal]
) -> pl.DataFrame:
    used = policy.weights(surface).used()
    micros = {component: _micro_points(signals[component], weight) for component, weight in used}
    contributions = [_contribution(c, signals[c], weight, micros[c]) for c, weight in used]
    return (
        evidence.filter(_belongs(policy, surface))
        .with_columns(score_micros=pl.sum_horizontal(micros.values()))
        .select(
            pl.lit(surface).alias("surface"),
            "prompt_id",
            "category",
            "published_at",
            score=pl.col("score_micros") / MICRO_POINTS,
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


def _micro_points(signal: Signal, weight: float) -> pl.Expr:
    return (signal.signal * weight * MICRO_POINTS).round().cast(pl.Int64)


def _contribution(component: Component, signal: Signal, weight: float, micros: pl.Expr) -> pl.Expr:
    return pl.struct(
        component=pl.lit(component.value),
        value=signal.value,
        reference=signal.reference,
        signal=signal.signal,
        weight=pl.lit(weight),
        contribution=micros / MICRO_POINTS,
    )
