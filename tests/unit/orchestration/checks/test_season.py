import math
import random
from datetime import date, timedelta

import pytest

from orchestration.checks.season import judge_day, same_days_of_month

FIRST = date(2025, 1, 1)
WEEKDAYS = (1.0, 1.1, 1.15, 1.1, 0.95, 0.4, 0.3)


def seasonal_year(seed: int, *, level: float = 400.0, days: int = 420) -> dict[date, int]:
    """Counts with weekdays, a payday, a lively end of each month, growth over the year, and chance."""
    chance = random.Random(seed)
    counts = {}
    for number in range(days):
        day = FIRST + timedelta(days=number)
        is_last = (day + timedelta(days=1)).day == 1
        season = WEEKDAYS[day.weekday()] * (2.2 if day.day == 1 else 1.7 if is_last else 1.0)
        expected = level * season * (1 + 0.6 * number / 365)
        counts[day] = max(0, round(chance.gauss(expected, math.sqrt(expected) + 0.04 * expected)))
    return counts


def alarms(counts: dict[date, int], *, since: date = FIRST) -> list[date]:
    return [day for day in counts if day >= since and judge_day(counts, day).is_unusual]


class TestSeasonalYear:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("level", [5.0, 400.0, 50_000.0])
    def test_raises_no_false_alarm_on_any_day(self, seed: int, level: float) -> None:
        assert alarms(seasonal_year(seed, level=level)) == []

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("factor", [0.0, 0.4, 2.5])
    # A Tuesday, a Sunday, the first of a month, and the last.
    @pytest.mark.parametrize("day", [date(2025, 9, 16), date(2025, 9, 21), date(2025, 10, 1), date(2025, 11, 30)])
    def test_a_planted_anomaly_is_found_that_day_and_no_other(self, seed: int, factor: float, day: date) -> None:
        counts = seasonal_year(seed)
        counts[day] = round(counts[day] * factor)
        assert alarms(counts) == [day]

    def test_a_weekday_that_looks_like_a_sunday_is_found(self) -> None:
        counts = seasonal_year(1)
        day = date(2025, 9, 17)
        counts[day] = counts[date(2025, 9, 14)]
        assert judge_day(counts, day).is_unusual

    def test_a_first_of_a_month_without_its_payday_is_found(self) -> None:
        counts = seasonal_year(1)
        counts[date(2025, 10, 1)] = counts[date(2025, 9, 24)]
        assert judge_day(counts, date(2025, 10, 1)).is_unusual


class TestHistory:
    def test_too_short_a_one_says_nothing(self) -> None:
        counts = dict.fromkeys((FIRST + timedelta(days=number) for number in range(28)), 100)
        season = judge_day(counts, FIRST + timedelta(days=27))
        assert (season.lowest, season.is_unusual) == (None, False)

    def test_four_weeks_are_enough_to_miss_everything(self) -> None:
        counts = dict.fromkeys((FIRST + timedelta(days=number) for number in range(28)), 100)
        assert judge_day(counts, FIRST + timedelta(days=28)).is_unusual

    def test_a_missing_day_is_a_count_of_0(self) -> None:
        counts = seasonal_year(2)
        del counts[date(2025, 9, 16)]
        assert judge_day(counts, date(2025, 9, 16)).is_unusual

    def test_no_days_at_all_say_nothing(self) -> None:
        assert not judge_day({}, FIRST).is_unusual

    def test_counts_of_a_handful_are_never_unusual_by_being_none(self) -> None:
        counts = dict.fromkeys((FIRST + timedelta(days=number) for number in range(200)), 2)
        assert not judge_day(counts, FIRST + timedelta(days=200)).is_unusual


class TestSameDaysOfMonth:
    def test_are_those_of_the_twelve_months_before(self) -> None:
        assert list(same_days_of_month(date(2025, 3, 15)))[:3] == [
            date(2025, 2, 15),
            date(2025, 1, 15),
            date(2024, 12, 15),
        ]

    def test_of_a_last_day_are_last_days(self) -> None:
        assert list(same_days_of_month(date(2025, 4, 30)))[:2] == [date(2025, 3, 31), date(2025, 2, 28)]

    def test_skip_months_that_are_too_short(self) -> None:
        assert list(same_days_of_month(date(2025, 3, 30)))[:2] == [date(2025, 1, 30), date(2024, 12, 30)]
