from datetime import date

from warehouse.publication.days import is_of_days


class TestIsOfDays:
    def test_days_that_follow_each_other_are_one_range_of_moments(self) -> None:
        days = [date(2026, 3, 2), date(2026, 2, 28), date(2026, 3, 1)]
        condition = is_of_days("fct_searches", days).as_string(None)
        assert condition.count('"searched_at" >=') == 1
        assert "2026-02-28 00:00:00+00:00" in condition
        assert "2026-03-03 00:00:00+00:00" in condition

    def test_days_apart_are_ranges_of_their_own(self) -> None:
        condition = is_of_days("fct_searches", [date(2026, 3, 1), date(2026, 3, 3)]).as_string(None)
        assert condition.count('"searched_at" >=') == 2

    def test_no_day_has_no_rows(self) -> None:
        assert is_of_days("fct_searches", []).as_string(None) == '"searched_date" = any(array[]::date[])'
