"""Periods of figures."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.marts.figure import period_end
from warehouse.metrics import Days

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
