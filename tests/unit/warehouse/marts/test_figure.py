"""Periods of figures."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.marts import Figure, FigureQuery, Publication
from warehouse.marts.figure import is_complete, period_end
from warehouse.metrics import Days, Grain, metric

EVER = Days(date.min, date.max)


class TestPeriodEnd:
    @pytest.mark.parametrize(
        ("grain", "start", "end"),
        [
            ("day", date(2026, 3, 31), date(2026, 3, 31)),
            ("week", date(2026, 3, 30), date(2026, 4, 5)),
            ("month", date(2028, 2, 1), date(2028, 2, 29)),
            ("month", date(2026, 12, 1), date(2026, 12, 31)),
            ("month", date(9999, 12, 1), date(9999, 12, 31)),
            ("week", date(9999, 12, 27), date(9999, 12, 31)),
            ("total", date(2026, 1, 1), date(9999, 12, 31)),
        ],
    )
    def test_is_the_last_day_of_it(self, grain, start, end):
        assert period_end(start, grain, EVER) == end

    @given(st.dates(), st.sampled_from(["day", "week", "month", "total"]))
    def test_every_date_has_one(self, start, grain):
        assert period_end(start, grain, EVER) >= start


class TestIsComplete:
    @staticmethod
    def asked(slug: str, start: date, grain: Grain, loaded_on: date) -> bool:
        loaded_at = datetime.combine(loaded_on, time(12), UTC)
        figure = Figure(slug, "all", start, "GBP", None, None, None, None)
        query = FigureQuery((metric(slug),), "marketplace", Days(start, start), grain)
        return is_complete(figure, query, Publication("p", loaded_at, loaded_at, loaded_at, None))

    def test_a_period_is_when_its_last_day_is_over(self):
        loaded = [date(2026, 3, 31), date(2026, 4, 1)]
        assert [self.asked("order_count", date(2026, 3, 1), "month", day) for day in loaded] == [False, True]

    @pytest.mark.parametrize(("grain", "start"), [("day", date(2026, 3, 31)), ("month", date(2026, 3, 1))])
    def test_what_is_followed_is_when_the_days_after_it_are_over_too(self, grain, start):
        loaded = [date(2026, 4, 28), date(2026, 4, 29)]
        assert [self.asked("new_buyer_retention_rate", start, grain, day) for day in loaded] == [False, True]

    def test_the_end_of_time_is_never_reached(self):
        assert not self.asked("new_buyer_retention_rate", date.max, "day", date.max)
