"""Features are checked before they are ranked, and activity weighs by its age."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from ranking.features import FeaturesInvalid, age_days, check_features, decay_weight
from tests.unit.ranking.market import AS_OF, day, make_activity, make_prompts

PROMPTS = make_prompts(("p1", "coding", AS_OF))
ACTIVITY = make_activity(("p1", day(0), 10, 2, 1, 0))


class TestCheckFeatures:
    def test_sound_features_pass(self) -> None:
        check_features(prompts=PROMPTS, activity=ACTIVITY, as_of=AS_OF)

    def test_empty_features_pass(self) -> None:
        check_features(prompts=PROMPTS.clear(), activity=ACTIVITY.clear(), as_of=AS_OF)

    def test_further_columns_are_allowed(self) -> None:
        check_features(prompts=PROMPTS.with_columns(title=pl.lit("t")), activity=ACTIVITY, as_of=AS_OF)

    @pytest.mark.parametrize(
        ("prompts", "activity", "sentence"),
        [
            (PROMPTS.drop("category"), ACTIVITY, "prompts frame has no column.*category"),
            (
                PROMPTS.with_columns(pl.col("published_at").dt.date()),
                ACTIVITY,
                "must be cast to Datetime.*published_at",
            ),
            (
                PROMPTS.with_columns(pl.col("published_at").dt.convert_time_zone("Europe/London")),
                ACTIVITY,
                "Europe/London.*must be cast to.*UTC.*published_at",
            ),
            (
                PROMPTS,
                ACTIVITY.with_columns(pl.col("order_count").cast(pl.Float64)),
                "must be cast to Int64: order_count",
            ),
            (PROMPTS, ACTIVITY.with_columns(click_count=pl.lit(None, pl.Int64)), "null in 1 rows.*click_count"),
            (PROMPTS.with_columns(prompt_id=pl.lit(None, pl.String)), ACTIVITY, "null in 1 rows.*prompt_id"),
            (pl.concat([PROMPTS, PROMPTS]), ACTIVITY, "one row per prompt_id.*prompt_id=p1"),
            (PROMPTS, pl.concat([ACTIVITY, ACTIVITY]), "prompt_id=p1, activity_date=2026-02-28"),
            (PROMPTS, make_activity(("p1", day(3), 0, 0, -1, 0)), "order_count is -1 on 2026-02-25 for prompt p1"),
            (PROMPTS, make_activity(("p1", day(3), 10**9 + 1, 0, 0, 0)), "between 0 and 1000000000.*impression_count"),
            (PROMPTS, make_activity(("p1", day(-1), 1, 0, 0, 0)), "before as_of.*2026-03-01 of prompt p1"),
        ],
    )
    def test_breach_is_said_in_a_sentence(self, prompts: pl.DataFrame, activity: pl.DataFrame, sentence: str) -> None:
        with pytest.raises(FeaturesInvalid, match=sentence):
            check_features(prompts=prompts, activity=activity, as_of=AS_OF)

    def test_the_day_as_of_falls_into_may_be_present(self) -> None:
        today = make_activity(("p1", day(-1), 1, 0, 0, 0))
        check_features(prompts=PROMPTS, activity=today, as_of=AS_OF + timedelta(microseconds=1))

    def test_moment_without_time_zone_is_refused(self) -> None:
        with pytest.raises(FeaturesInvalid, match="no time zone"):
            check_features(prompts=PROMPTS, activity=ACTIVITY, as_of=datetime(2026, 3, 1))


class TestAgeDays:
    @pytest.mark.parametrize(
        ("days", "hours", "age"), [(0, 0, 0.0), (1, 0, 1.0), (0, 12, 0.5), (-1, 12, 0.0), (89, 6, 89.25)]
    )
    def test_counts_from_the_end_of_the_day_and_never_below_zero(self, days: int, hours: int, age: float) -> None:
        activity = make_activity(("p1", day(days), 0, 0, 0, 0))
        assert activity.select(age_days(AS_OF + timedelta(hours=hours))).item() == age

    def test_time_zone_of_the_moment_does_not_matter(self) -> None:
        elsewhere = AS_OF.astimezone(ZoneInfo("Asia/Tokyo"))
        assert ACTIVITY.select(age_days(elsewhere)).item() == 0.0


class TestDecayWeight:
    @pytest.mark.parametrize(("age", "weight"), [(0.0, 1_000_000), (10.0, 500_000), (20.0, 250_000), (5.0, 707_107)])
    def test_halves_every_half_life(self, age: float, weight: int) -> None:
        assert pl.select(decay_weight(pl.lit(age), 10.0)).item() == weight
