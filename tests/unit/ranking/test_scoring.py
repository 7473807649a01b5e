"""Scores are exact sums of their contributions."""

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given

from ranking.features import FeaturesInvalid
from ranking.policy import SURFACES, Policy
from ranking.scoring import SCORE_SCHEMA, score
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
    with_weights,
)


def score_rows(policy: Policy, market: Market) -> list[dict[str, Any]]:
    """The scores of a market as dictionaries."""
    return score(policy, prompts=market.prompts, activity=market.activity, as_of=AS_OF).to_dicts()


class TestScore:
    @examples
    @given(policy=policies(), market=markets())
    def test_contributions_add_up_to_the_score_exactly(self, policy: Policy, market: Market) -> None:
        for row in score_rows(policy, market):
            micros = [round(part["contribution"] * 1e6) for part in row["contributions"]]
            assert sum(micros) == row["score_micros"] == round(row["score"] * 1e6)

    @examples
    @given(policy=policies(), market=markets())
    def test_figures_are_the_floats_other_programs_read(self, policy: Policy, market: Market) -> None:
        for row in score_rows(policy, market):
            assert row["score"] == row["score_micros"] / 1e6
            for part in row["contributions"]:
                assert part["contribution"] == round(part["contribution"] * 1e6) / 1e6

    @examples
    @given(policy=policies(), market=markets())
    def test_contribution_is_weight_times_signal(self, policy: Policy, market: Market) -> None:
        for row in score_rows(policy, market):
            for part in row["contributions"]:
                assert part["contribution"] == pytest.approx(part["weight"] * part["signal"], abs=5.1e-7)

    def test_worked_example(self) -> None:
        policy = with_weights(BASELINE, {"demand": 1.5, "refund_penalty": 0.3, "freshness": 0.05})
        market = Market(make_prompts(("p1", None, days_ago(14))), make_activity(("p1", day(0), 0, 0, 100, 10)))
        demand = 1.5 * math.log(91) / math.log(1001)
        marketplace = 11 / (100 + 1 / 0.011)
        prompt = 11 / (100 + 1 / marketplace)
        penalty = -0.3 * (prompt - marketplace) / (prompt + marketplace)
        row = score_rows(policy, market)[0]
        assert [part["component"] for part in row["contributions"]] == ["demand", "refund_penalty", "freshness"]
        assert [part["contribution"] for part in row["contributions"]] == pytest.approx(
            [demand, penalty, 0.025], abs=1e-6
        )

    def test_each_surface_lists_the_components_it_weighs(self) -> None:
        market = Market(make_prompts(("p1", "coding", days_ago(1))), make_activity())
        listed = {
            row["surface"]: {part["component"] for part in row["contributions"]} for row in score_rows(BASELINE, market)
        }
        assert listed == {surface: {c.value for c, _ in BASELINE.weights(surface).used()} for surface in SURFACES}

    def test_new_holds_prompts_up_to_its_age(self) -> None:
        market = Market(
            make_prompts(("at", None, days_ago(30)), ("over", None, days_ago(30.001)), ("under", None, days_ago(1))),
            make_activity(),
        )
        new = [row["prompt_id"] for row in score_rows(BASELINE, market) if row["surface"] == "new"]
        assert new == ["at", "under"]

    def test_prompts_without_category_are_in_no_category_list(self) -> None:
        market = Market(
            make_prompts(("empty", "", days_ago(3)), ("none", None, days_ago(3)), ("some", "legal", days_ago(3))),
            make_activity(),
        )
        listed = [row["prompt_id"] for row in score_rows(BASELINE, market) if row["surface"] == "category"]
        assert listed == ["some"]

    def test_cold_start_scores_freshness_alone(self) -> None:
        market = Market(make_prompts(("p1", "coding", days_ago(14))), make_activity())
        top = score_rows(BASELINE, market)[0]
        assert {part["component"]: part["contribution"] for part in top["contributions"]} == {
            "demand": 0.0,
            "click_through": 0.0,
            "conversion": 0.0,
            "refund_penalty": 0.0,
            "freshness": 0.025,
        }

    def test_is_ordered_by_surface_and_prompt(self) -> None:
        shuffled = [frame.sample(fraction=1, shuffle=True, seed=3) for frame in large_market(200)]
        scored = score(BASELINE, prompts=shuffled[0], activity=shuffled[1], as_of=AS_OF)
        keys = [
            (SURFACES.index(surface), prompt_id) for surface, prompt_id in scored.select("surface", "prompt_id").rows()
        ]
        assert keys == sorted(keys)

    def test_empty_market_keeps_the_schema(self) -> None:
        empty = Market(make_prompts(), make_activity())
        scored = score(BASELINE, prompts=empty.prompts, activity=empty.activity, as_of=AS_OF)
        assert (scored.schema, scored.height) == (SCORE_SCHEMA, 0)

    def test_invalid_features_are_refused(self) -> None:
        with pytest.raises(FeaturesInvalid):
            score(BASELINE, prompts=pl.DataFrame(), activity=make_activity(), as_of=AS_OF)
