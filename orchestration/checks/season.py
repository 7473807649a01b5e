"""Whether a day's count is unusual for its weekday and its day of the month. Robust: medians of what was, no model.

A day is compared with the same weekdays of the weeks before it, as a logarithm, so that half as much is as far away as
twice as much. Paydays and the ends of months differ from their weekdays every month; how much they differed in the
months before is what is expected of such a day. How far a day may be away follows from how far the days before it were,
from chance (a count of n varies by its root), and from a least width.
"""

import calendar
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

WEEK = timedelta(days=7)
# Enough for a median that one holiday does not move, few enough to follow growth.
WEEKDAYS_COMPARED = 8
WEEKDAYS_MIN = 4
MONTHS_COMPARED = 12
MONTHS_MIN = 3
# The days whose scatter is measured: four of each weekday.
SCATTER_DAYS = 28
# The median of absolute deviations times this is the standard deviation of a normal distribution.
MAD_TO_DEVIATION = 1.4826
# No count is steadier than this, whatever the last weeks say.
LEAST_DEVIATION = 0.1
# One day of some thousand years by chance alone; what counts of real traffic do more often is in the scatter.
DEVIATIONS_MAX = 5.0
# Without months to compare with, the first of a month may be anything between a third and thrice its weekday.
UNKNOWN_SEASON = math.log(3)


@dataclass(frozen=True)
class Season:
    """A day's count and the range that is usual; None for both where too little is known to say."""

    day: date
    count: int
    lowest: float | None
    highest: float | None

    @property
    def is_unusual(self) -> bool:
        """Whether the count lies outside the range."""
        if self.lowest is None or self.highest is None:
            return False
        return not self.lowest <= self.count <= self.highest


def judge_day(counts: Mapping[date, int], day: date) -> Season:
    """Compare a day with those before it. Days that are missing, after the first one there is, had a count of 0."""
    count = counts.get(day, 0)
    first = min(counts, default=day)
    expected = _weekday_level(counts, day, first)
    if expected is None:
        return Season(day, count, None, None)
    months = [shift for peer in same_days_of_month(day) if (shift := _deviation(counts, peer, first)) is not None]
    is_season_known = len(months) >= MONTHS_MIN
    expected += median(months) if is_season_known else 0.0
    expected = max(expected, 0.0)
    width = DEVIATIONS_MAX * _scatter(counts, day, first)
    width = width if is_season_known else max(width, UNKNOWN_SEASON)
    # The logarithm of a small count says little: chance alone makes a handful none.
    chance = DEVIATIONS_MAX * math.sqrt(math.expm1(expected))
    lowest = min(math.expm1(expected - width), math.expm1(expected) - chance)
    return Season(day, count, lowest, max(math.expm1(expected + width), math.expm1(expected) + chance))


def same_days_of_month(day: date) -> Iterator[date]:
    """The same day of each of the months before, the last for the last; months that are too short have none."""
    is_last = day.day == calendar.monthrange(day.year, day.month)[1]
    for months in range(1, MONTHS_COMPARED + 1):
        year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
        length = calendar.monthrange(year, month + 1)[1]
        if is_last or day.day <= length:
            yield date(year, month + 1, length if is_last else day.day)


def _weekday_level(counts: Mapping[date, int], day: date, first: date) -> float | None:
    """The logarithm of what the weekday had in the weeks before, if there are enough of them."""
    weeks = (day - number * WEEK for number in range(1, WEEKDAYS_COMPARED + 1))
    known = [_log(counts.get(peer, 0)) for peer in weeks if peer >= first]
    return median(known) if len(known) >= WEEKDAYS_MIN else None


def _deviation(counts: Mapping[date, int], day: date, first: date) -> float | None:
    """How far a day was away from its weekday."""
    level = _weekday_level(counts, day, first) if day >= first else None
    return None if level is None else _log(counts.get(day, 0)) - level


def _scatter(counts: Mapping[date, int], day: date, first: date) -> float:
    days = (day - timedelta(days=number) for number in range(1, SCATTER_DAYS + 1))
    deviations = [away for each in days if (away := _deviation(counts, each, first)) is not None]
    middle = median(deviations) if deviations else 0.0
    seen = MAD_TO_DEVIATION * median(abs(away - middle) for away in deviations) if deviations else 0.0
    return max(seen, LEAST_DEVIATION)


def _log(count: int) -> float:
    return math.log1p(count)
