"""Explanations say each contribution in words, the largest first."""

import pytest
from hypothesis import given

from ranking.explanation import explain
from ranking.ranks import rank
from ranking.scoring import Contribution
from tests.unit.ranking.market import AS_OF, BASELINE, Market, examples, markets


def part(component: str, value: float, reference: float, contribution: float) -> Contribution:
    """A contribution at weight 1."""
    return {
        "component": component,
        "value": value,
        "reference": reference,
        "signal": contribution,
        "weight": 1.0,
        "contribution": contribution,
    }


class TestExplain:
    @pytest.mark.parametrize(
        ("contribution", "sentence"),
        [
            (
                part("click_through", 0.123, 0.08, 0.1234),
                "Buyers who saw it clicked about 12.3 % of the time (marketplace 8.0 %): +0.123",
            ),
            (
                part("click_through", 0.03, 0.03, 0.0),
                "Its click-through rate is not known yet, so that of the marketplace is assumed (3.0 %): +0.000",
            ),
            (
                part("conversion", 0.0046, 0.05, -0.2),
                "Buyers who opened it bought about 0.46 % of the time (marketplace 5.0 %): -0.200",
            ),
            (
                part("refund_penalty", 0.2, 0.01, -0.27),
                "Buyers who bought it were refunded about 20.0 % of the time (marketplace 1.0 %): -0.270",
            ),
            (
                part("demand", 12.44, 1000, 0.564),
                "Recent orders less refunds come to 12.4, older ones counting less "
                "(1,000 would earn the full mark): +0.564",
            ),
            (
                part("momentum", 2.0, 0.5, 0.5),
                "Sold 2.0 a day lately, 0.50 a day over the longer run: +0.500",
            ),
            (part("momentum", 0.0, 0.0, 0.0), "No orders to see a trend in: +0.000"),
            (
                part("freshness", 3.04, 14, 0.04),
                "Published 3.0 days ago (freshness halves every 14.0 days): +0.040",
            ),
            (part("retired", 2.0, 1.0, 0.1), "Component 'retired' with value 2.0: +0.100"),
        ],
    )
    def test_sentence(self, contribution: Contribution, sentence: str) -> None:
        assert explain([contribution]) == [sentence]

    def test_largest_comes_first_whatever_its_sign(self) -> None:
        parts = [
            part("freshness", 1, 1, 0.1),
            part("refund_penalty", 0.2, 0.1, -0.3),
            part("momentum", 0, 0, 0.0),
            part("demand", 1, 1, 0.2),
        ]
        assert [sentence.rsplit(" ", 1)[1] for sentence in explain(parts)] == ["-0.300", "+0.200", "+0.100", "+0.000"]

    @examples
    @given(market=markets())
    def test_every_contribution_of_a_rank_has_its_sentence(self, market: Market) -> None:
        ranks = rank(BASELINE, prompts=market.prompts, activity=market.activity, as_of=AS_OF)
        for contributions in ranks["contributions"].to_list():
            sentences = explain(contributions)
            assert len(sentences) == len(contributions)
            assert not any("Component '" in sentence for sentence in sentences)
