"""Ranks are a total order that depends on nothing but its inputs, and keeps its promises to sellers."""

import os
import subprocess
import sys
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.policy import SURFACES, Policy
from ranking.ranks import RANK_SCHEMA, rank
from tests.unit.ranking.market import (
    AS_OF,
    BASELINE,
    Market,
    day,
    days_ago,
    examples,
    large_market,
    make_activity,
    make_prompts,
    markets,
    policies,
    positions,
    with_activity,
    with_weights,
)

WITHOUT_MOMENTUM = ("top", "new", "category")
ROOT = Path(__file__).parents[3]
FINGERPRINT = """
import hashlib
from ranking.ranks import rank
from tests.unit.ranking.market import AS_OF, BASELINE, large_market
market = large_market(3000)
ranks = rank(BASELINE, prompts=market.prompts, activity=market.activity, as_of=AS_OF)
print(hashlib.sha256(repr(ranks.rows()).encode()).hexdigest())
"""


def rank_market(market: Market, policy: Policy = BASELINE) -> pl.DataFrame:
    """The ranks of a market at ``AS_OF``."""
    return rank(policy, prompts=market.prompts, activity=market.activity, as_of=AS_OF)


def order_of(ranks: pl.DataFrame, surface: str) -> list[str]:
    """The prompts of a surface's lists, best first."""
    return ranks.filter(pl.col("surface") == surface)["prompt_id"].to_list()


class TestHeld:
    def test_held_prompts_are_ranked_nowhere_and_change_no_score(self) -> None:
        market = large_market(40)
        held = market.prompts["prompt_id"].head(7).to_list()
        marked = market._replace(prompts=market.prompts.with_columns(is_held=pl.col("prompt_id").is_in(held)))
        free, ranks = rank_market(market), rank_market(marked)
        kept = free.filter(~pl.col("prompt_id").is_in(held))
        assert ranks.drop("rank").equals(kept.drop("rank"))
        assert ranks.select("rank").equals(
            kept.select(rank=pl.int_range(1, pl.len() + 1).over("surface", "segment"))
        )  # fmt: skip

    def test_nobody_held_is_as_without_the_column(self) -> None:
        market = large_market(40)
        marked = market._replace(prompts=market.prompts.with_columns(is_held=False))
        assert rank_market(marked).equals(rank_market(market))


class TestOrder:
    @examples
    @given(policy=policies(), market=markets())
    def test_ranks_run_from_one_without_gaps_or_ties_in_each_list(self, policy: Policy, market: Market) -> None:
        lists = defaultdict(list)
        for surface, segment, position in rank_market(market, policy).select("surface", "segment", "rank").rows():
            lists[surface, segment].append(position)
        assert all(found == list(range(1, len(found) + 1)) for found in lists.values())

    @examples
    @given(policy=policies(), market=markets())
    def test_scores_never_rise_along_a_list(self, policy: Policy, market: Market) -> None:
        steps = rank_market(market, policy).select(pl.col("score").diff().over("surface", "segment")).to_series()
        assert steps.drop_nulls().is_between(-1e9, 0).all()

    @examples
    @given(market=markets())
    def test_every_prompt_on_the_market_is_on_top_once(self, market: Market) -> None:
        assert sorted(order_of(rank_market(market), "top")) == sorted(market.prompts["prompt_id"])

    def test_equal_scores_go_to_the_later_published_then_to_the_smaller_id(self) -> None:
        policy = with_weights(BASELINE, {"demand": 1.0})
        prompts = make_prompts(("b", None, days_ago(2)), ("a", None, days_ago(2)), ("c", None, days_ago(1)))
        assert order_of(rank_market(Market(prompts, make_activity()), policy), "top") == ["c", "a", "b"]

    def test_category_has_one_list_for_each_category_and_other_surfaces_one_in_all(self) -> None:
        prompts = make_prompts(("a", "legal", days_ago(1)), ("b", "coding", days_ago(2)), ("c", "legal", days_ago(3)))
        rows = rank_market(Market(prompts, make_activity())).select("surface", "segment", "rank", "prompt_id").rows()
        assert [row for row in rows if row[0] == "category"] == [
            ("category", "coding", 1, "b"),
            ("category", "legal", 1, "a"),
            ("category", "legal", 2, "c"),
        ]
        assert {row[1] for row in rows if row[0] != "category"} == {"all"}

    def test_lists_carry_the_policy_version(self) -> None:
        assert set(rank_market(large_market(3))["policy_version"]) == {BASELINE.policy_version}

    def test_empty_market_keeps_the_schema(self) -> None:
        ranks = rank_market(Market(make_prompts(), make_activity()))
        assert (ranks.schema, ranks.height) == (RANK_SCHEMA, 0)


class TestDeterminism:
    @examples
    @given(policy=policies(), market=markets(), seed=st.integers(0, 1000))
    def test_order_of_input_rows_does_not_matter(self, policy: Policy, market: Market, seed: int) -> None:
        shuffled = Market(*(frame.sample(fraction=1, shuffle=True, seed=seed) for frame in market))
        assert rank_market(shuffled, policy).equals(rank_market(market, policy))

    def test_order_of_many_input_rows_does_not_matter(self) -> None:
        market = large_market(3000)
        shuffled = Market(*(frame.sample(fraction=1, shuffle=True, seed=1) for frame in market))
        assert rank_market(shuffled).equals(rank_market(market))

    def test_number_of_threads_does_not_matter(self) -> None:
        found = {
            subprocess.run(
                [sys.executable, "-c", FINGERPRINT],
                cwd=ROOT,
                env={**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                check=True,
                text=True,
            ).stdout
            for threads in ("1", "2", "5")
        }
        assert len(found) == 1

    @examples
    @given(market=markets())
    def test_ranks_do_not_depend_on_the_time_zone_of_the_moment(self, market: Market) -> None:
        elsewhere = AS_OF.astimezone(tz=None)
        ranks = rank(BASELINE, prompts=market.prompts, activity=market.activity, as_of=elsewhere)
        assert ranks.equals(rank_market(market))


class TestPromises:
    @examples
    @given(data=st.data(), policy=policies(), market=markets())
    def test_more_orders_of_any_day_never_lower_a_rank_where_momentum_is_not_weighed(
        self, data: st.DataObject, policy: Policy, market: Market
    ) -> None:
        without = with_weights(policy, {**policy.surfaces.top.weights.model_dump(), "momentum": 0.0, "demand": 1.0})
        prompt_id = data.draw(st.sampled_from(market.prompts["prompt_id"].to_list()))
        more = (prompt_id, day(data.draw(st.integers(0, 95))), 0, 0, data.draw(st.integers(1, 50)), 0)
        before = positions(rank_market(market, without), prompt_id, SURFACES)
        after = positions(rank_market(with_activity(market, more), without), prompt_id, SURFACES)
        assert all(new <= old for new, old in zip(after, before, strict=True))

    @examples
    @given(data=st.data(), market=markets())
    def test_more_orders_of_any_day_never_lower_a_baseline_rank_but_on_trending(
        self, data: st.DataObject, market: Market
    ) -> None:
        prompt_id = data.draw(st.sampled_from(market.prompts["prompt_id"].to_list()))
        more = (prompt_id, day(data.draw(st.integers(0, 95))), 0, 0, data.draw(st.integers(1, 50)), 0)
        before = positions(rank_market(market), prompt_id, WITHOUT_MOMENTUM)
        after = positions(rank_market(with_activity(market, more)), prompt_id, WITHOUT_MOMENTUM)
        assert all(new <= old for new, old in zip(after, before, strict=True))

    @examples
    @given(data=st.data(), policy=policies(), market=markets())
    def test_more_orders_of_the_newest_day_never_lower_any_rank(
        self, data: st.DataObject, policy: Policy, market: Market
    ) -> None:
        prompt_id = data.draw(st.sampled_from(market.prompts["prompt_id"].to_list()))
        more = (prompt_id, day(0), 0, 0, data.draw(st.integers(1, 50)), 0)
        before = positions(rank_market(market, policy), prompt_id, SURFACES)
        after = positions(rank_market(with_activity(market, more), policy), prompt_id, SURFACES)
        assert all(new <= old for new, old in zip(after, before, strict=True))

    @examples
    @given(data=st.data(), policy=policies(), market=markets())
    def test_refund_never_raises_a_rank(self, data: st.DataObject, policy: Policy, market: Market) -> None:
        prompt_id = data.draw(st.sampled_from(market.prompts["prompt_id"].to_list()))
        more = (prompt_id, day(data.draw(st.integers(0, 95))), 0, 0, 0, data.draw(st.integers(1, 50)))
        before = positions(rank_market(market, policy), prompt_id, SURFACES)
        after = positions(rank_market(with_activity(market, more), policy), prompt_id, SURFACES)
        assert all(new >= old for new, old in zip(after, before, strict=True))

    @examples
    @given(market=markets(), later=st.integers(0, 10_000))
    def test_prompt_published_at_or_after_the_moment_changes_nothing(self, market: Market, later: int) -> None:
        future = make_prompts(("future", "coding", AS_OF + timedelta(minutes=later)))
        joined = Market(pl.concat([market.prompts, future]), market.activity)
        active = with_activity(joined, ("future", day(0), 500, 400, 300, 200))
        assert rank_market(active).equals(rank_market(market))


class TestEvidenceAtHand:
    def test_orders_alone_rank_by_demand(self) -> None:
        prompts = make_prompts(("few", None, days_ago(60)), ("many", None, days_ago(60)), ("none", None, days_ago(60)))
        activity = make_activity(("few", day(2), 0, 0, 3, 0), ("many", day(2), 0, 0, 30, 0))
        assert order_of(rank_market(Market(prompts, activity)), "top") == ["many", "few", "none"]

    def test_impressions_with_few_clicks_rank_by_clicks(self) -> None:
        prompts = make_prompts(
            ("bad", None, days_ago(60)), ("good", None, days_ago(60)), ("unseen", None, days_ago(60))
        )
        activity = make_activity(("bad", day(2), 900, 4, 0, 0), ("good", day(2), 900, 90, 0, 0))
        assert order_of(rank_market(Market(prompts, activity)), "top") == ["good", "unseen", "bad"]

    def test_nothing_known_ranks_the_newest_first(self) -> None:
        prompts = make_prompts(("old", None, days_ago(20)), ("young", None, days_ago(1)), ("mid", None, days_ago(9)))
        ranks = rank_market(Market(prompts, make_activity()))
        assert [order_of(ranks, surface) for surface in ("top", "trending", "new")] == [["young", "mid", "old"]] * 3

    def test_old_bestseller_is_passed_by_what_sells_now(self) -> None:
        prompts = make_prompts(("now", None, days_ago(80)), ("then", None, days_ago(80)))
        activity = make_activity(("now", day(1), 0, 0, 20, 0), ("then", day(60), 0, 0, 200, 0))
        assert order_of(rank_market(Market(prompts, activity)), "top") == ["now", "then"]

    def test_steady_bestseller_leads_top_and_riser_leads_trending(self) -> None:
        prompts = make_prompts(("riser", None, days_ago(80)), ("steady", None, days_ago(80)))
        steady = [("steady", day(age), 0, 0, 9, 0) for age in range(60)]
        ranks = rank_market(Market(prompts, make_activity(*steady, ("riser", day(0), 0, 0, 12, 0))))
        assert (order_of(ranks, "top")[0], order_of(ranks, "trending")[0]) == ("steady", "riser")

    @pytest.mark.parametrize("surface", SURFACES)
    def test_refunded_sales_stand_below_kept_ones(self, surface: str) -> None:
        prompts = make_prompts(("back", "legal", days_ago(20)), ("kept", "legal", days_ago(20)))
        activity = make_activity(("back", day(1), 200, 40, 20, 10), ("kept", day(1), 200, 40, 20, 0))
        assert order_of(rank_market(Market(prompts, activity)), surface) == ["kept", "back"]
