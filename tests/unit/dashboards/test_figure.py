"""Figures as people read them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dashboards import figure
from warehouse.marts import DateRange, Publication

THEN = datetime(2011, 2, 1, tzinfo=UTC)


class TestAmount:
    @pytest.mark.parametrize(
        ("value", "currency", "shown"),
        [
            ("1933900.25", "GBP", "£1,933,900.25"),
            ("-4", "USD", "-$4.00"),
            ("1500", "JPY", "¥1,500"),
            ("1234.5", "CHF", "CHF 1,234.50"),
            ("90000.00", "KRW", "KRW 90,000"),
        ],
    )
    def test_is_written_in_its_currency(self, value: str, currency: str, shown: str) -> None:
        assert figure.amount(Decimal(value), currency) == shown


class TestRate:
    def test_is_a_percentage(self) -> None:
        assert figure.rate(0.0046) == "0.46%"

    def test_nothing_to_divide_by_is_a_dash(self) -> None:
        assert figure.rate(None) == "–"


class TestInterval:
    def test_of_few_trials_is_wide(self) -> None:
        assert figure.interval(1, 29) == "95%: 0.61% – 17.18%"

    def test_without_trials_says_so(self) -> None:
        assert figure.interval(0, 0) == "nothing to divide by"


class TestChange:
    def test_of_a_count_comes_with_its_share(self) -> None:
        assert figure.count_change(1100, 1000) == "+100 (+10%)"

    def test_from_nothing_has_no_share(self) -> None:
        assert figure.count_change(5, 0) == "+5"

    def test_of_an_amount_starts_with_its_sign(self) -> None:
        assert figure.amount_change(Decimal(5), Decimal(10), "GBP") == "-£5.00 (-50%)"
        assert figure.amount_change(Decimal(10), Decimal(5), "GBP") == "+£5.00 (+100%)"

    def test_of_a_rate_is_in_percentage_points(self) -> None:
        assert figure.rate_change(0.031, 0.045) == "-1.40 pp"

    def test_without_a_period_before_there_is_none(self) -> None:
        assert figure.count_change(5, None) is None
        assert figure.amount_change(Decimal(5), None, "GBP") is None
        assert figure.rate_change(0.1, None) is None


class TestPlain:
    def test_markdown_in_a_title_stays_text(self) -> None:
        assert figure.plain("![x](http://evil)\n$5") == r"\!\[x\]\(http\://evil\) \$5"


class TestDays:
    def test_one_day_is_written_once(self) -> None:
        assert figure.days(DateRange(date(2026, 3, 5), date(2026, 3, 5))) == "5 Mar 2026"

    def test_a_range_has_both_ends(self) -> None:
        assert figure.days(DateRange(date(2025, 12, 31), date(2026, 1, 2))) == "31 Dec 2025 – 2 Jan 2026"


class TestOrigin:
    def test_names_the_data_the_time_and_the_publication(self) -> None:
        moment = datetime(2026, 4, 1, 6, 5, tzinfo=UTC)
        publication = Publication("p1", as_of=THEN, data_as_of=moment, finished_at=moment, policy_version=None)
        assert figure.origin(publication, date(2026, 3, 31)) == (
            "Data through 31 Mar 2026 · complete through 31 Mar 2026 · as of 1 Apr 2026 06:05 UTC · publication `p1`"
        )
