"""Evidence is activity of prompts on the market, weighted by age."""

from datetime import timedelta

from ranking.evidence import COUNTS, gather_evidence
from ranking.policy import Evidence
from tests.unit.ranking.market import AS_OF, day, days_ago, make_activity, make_prompts

POLICY = Evidence(half_life_days=10, recent_half_life_days=5, window_days=20)


class TestGatherEvidence:
    def test_counts_lose_half_their_weight_each_half_life(self) -> None:
        evidence = gather_evidence(
            POLICY,
            prompts=make_prompts(("p1", None, days_ago(30))),
            activity=make_activity(("p1", day(0), 100, 10, 2, 0), ("p1", day(10), 100, 10, 2, 2)),
            as_of=AS_OF,
        )
        assert evidence.select(COUNTS).row(0) == (150_000_000, 15_000_000, 3_000_000, 1_000_000, 2_500_000)

    def test_window_holds_as_many_full_days_as_it_says(self) -> None:
        evidence = gather_evidence(
            POLICY,
            prompts=make_prompts(("inside", None, days_ago(30)), ("outside", None, days_ago(30))),
            activity=make_activity(("inside", day(19), 0, 0, 1, 0), ("outside", day(20), 0, 0, 1, 0)),
            as_of=AS_OF,
        )
        assert (evidence["orders"] > 0).to_list() == [True, False]

    def test_prompt_without_activity_has_zeros(self) -> None:
        evidence = gather_evidence(
            POLICY, prompts=make_prompts(("p1", None, days_ago(2.5))), activity=make_activity(), as_of=AS_OF
        )
        assert evidence.select("published_days", *COUNTS).row(0) == (2.5, 0, 0, 0, 0, 0)

    def test_only_prompts_published_before_the_moment_are_on_the_market(self) -> None:
        prompts = make_prompts(
            ("at", None, AS_OF),
            ("after", None, AS_OF + timedelta(days=1)),
            ("before", None, AS_OF - timedelta(microseconds=1)),
            ("draft", None, None),
        )
        evidence = gather_evidence(POLICY, prompts=prompts, activity=make_activity(), as_of=AS_OF)
        assert evidence["prompt_id"].to_list() == ["before"]

    def test_activity_of_unknown_prompts_is_left_out(self) -> None:
        evidence = gather_evidence(
            POLICY,
            prompts=make_prompts(("p1", None, days_ago(3))),
            activity=make_activity(("gone", day(0), 1, 1, 1, 1)),
            as_of=AS_OF,
        )
        assert evidence.select("prompt_id", "orders").rows() == [("p1", 0)]
