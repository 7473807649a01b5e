"""Small marketplaces to rank, written by hand or drawn at random."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st

from ranking.features import ACTIVITY_COUNTS, ACTIVITY_SCHEMA, PROMPT_SCHEMA
from ranking.policy import Component, Policy, load_policy

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
BASELINE = load_policy()
examples = settings(max_examples=40, deadline=None)
"""How often a property is tried: a ranking takes about 25 ms, and none is judged by its time."""

CATEGORIES = ("coding", "legal", "sales")


class Market(NamedTuple):
    """The features of a ranking at ``AS_OF``."""

    prompts: pl.DataFrame
    activity: pl.DataFrame


def days_ago(days: float) -> datetime:
    """A moment before ``AS_OF``."""
    return AS_OF - timedelta(days=days)


def day(age: int) -> date:
    """The UTC day that is ``age`` days old at ``AS_OF``; 0 is the last full day."""
    return days_ago(age + 1).date()


def make_prompts(*rows: tuple[str, str | None, datetime | None]) -> pl.DataFrame:
    """Prompts from (prompt_id, category, published_at)."""
    return pl.DataFrame(rows, schema=PROMPT_SCHEMA, orient="row")


def make_activity(*rows: tuple[str, date, int, int, int, int]) -> pl.DataFrame:
    """Activity from (prompt_id, day, impressions, clicks, orders, refunds)."""
    return pl.DataFrame(rows, schema=ACTIVITY_SCHEMA, orient="row")


def with_activity(market: Market, *rows: tuple[str, date, int, int, int, int]) -> Market:
    """The market with further counts added to its days."""
    together = pl.concat([market.activity, make_activity(*rows)])
    summed = together.group_by("prompt_id", "activity_date").agg(pl.col(ACTIVITY_COUNTS).sum())
    return market._replace(activity=summed.sort("prompt_id", "activity_date"))


def with_weights(policy: Policy, weights: dict[str, float]) -> Policy:
    """The policy with the same weights on every surface."""
    content = policy.model_dump()
    for surface in content["surfaces"].values():
        surface["weights"] = weights
    return Policy.model_validate(content)


def positions(ranks: pl.DataFrame, prompt_id: str, surfaces: Iterable[str]) -> list[int]:
    """The ranks of a prompt in every list of the surfaces that it is in."""
    return ranks.filter(pl.col("prompt_id") == prompt_id, pl.col("surface").is_in(list(surfaces)))["rank"].to_list()


def large_market(prompt_count: int) -> Market:
    """The same pseudo-random market in every process."""
    draw = random.Random(7)
    names = [f"prompt-{number}" for number in range(prompt_count)]
    prompts = [(name, draw.choice(CATEGORIES), days_ago(draw.uniform(0.1, 200))) for name in names]
    activity = [
        (name, day(age), draw.randrange(200), draw.randrange(30), draw.randrange(5), draw.randrange(2))
        for name in names
        for age in range(30)
    ]
    return Market(make_prompts(*prompts), make_activity(*activity))


_count = st.one_of(st.integers(0, 9), st.integers(0, 50_000))


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Up to six prompts ``p0`` ... with activity on some days; nothing makes counts plausible on purpose."""
    names = [f"p{number}" for number in range(draw(st.integers(1, 6)))]
    category = st.sampled_from([None, *CATEGORIES])
    published = st.floats(0.01, 60).map(days_ago)
    prompts = [(name, draw(category), draw(published)) for name in names]
    rows = st.tuples(st.sampled_from(names), st.integers(0, 100).map(day), _count, _count, _count, _count)
    activity = draw(st.lists(rows, max_size=12, unique_by=lambda row: row[:2]))
    return Market(make_prompts(*prompts), make_activity(*activity))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """The baseline with other weights."""
    weights = st.dictionaries(st.sampled_from([c.value for c in Component]), st.floats(0.001, 10), min_size=1)
    return with_weights(BASELINE, draw(weights))
