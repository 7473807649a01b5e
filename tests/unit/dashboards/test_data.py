"""What is computed from what was read."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dashboards.data import (
    History,
    PromptLine,
    by_rank,
    compare,
    fill_days,
    last_days,
    period_before,
    prompts_csv,
)
from warehouse.marts import DateRange, PerformanceDay, PromptTotals, Publication, RankedPrompt

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
PUBLICATION = Publication(
    "p1",
    as_of=datetime(2020, 1, 1, tzinfo=UTC),
    data_as_of=AS_OF,
    finished_at=AS_OF,
    policy_version="baseline@1.0.0+0123456789ab",
)
MARCH = DateRange(date(2026, 3, 1), date(2026, 3, 31))


def day(when: date, *, currency: str = "GBP", orders: int = 1, clicks: int = 0, impressions: int = 0) -> PerformanceDay:
    return PerformanceDay(
        performance_date=when,
        currency=currency,
        impression_count=impressions,
        click_count=clicks,
        view_count=0,
        unique_viewer_count=0,
        checkout_count=0,
        order_count=orders,
        refund_count=0,
        gross_revenue_amount=Decimal(orders),
        refunded_amount=Decimal(0),
        net_revenue_amount=Decimal(orders),
        click_through_rate=None,
        conversion_rate=None,
    )


def line(title: str, rank: int | None) -> PromptLine:
    totals = PromptTotals(
        currency="GBP",
        impression_count=3,
        click_count=1,
        purchased_click_count=0,
        view_count=0,
        checkout_count=0,
        order_count=0,
        refund_count=0,
        gross_revenue_amount=Decimal("0.10"),
        refunded_amount=Decimal(0),
        net_revenue_amount=Decimal("0.10"),
        click_through_rate=0.333333,
        conversion_rate=None,
        prompt_id=title,
        title=title,
        category=None,
        status="published",
    )
    if rank is None:
        return PromptLine(totals, None)
    return PromptLine(totals, RankedPrompt("top", "all", rank, title, title, None, "acme", 1.0, [], "policy"))


@pytest.fixture
def history() -> History:
    """Sixty days: two orders a day in the last thirty, one before."""
    first = MARCH.last - timedelta(days=59)
    days = [day(first + timedelta(days=number), orders=1 if number < 30 else 2) for number in range(60)]
    return History(PUBLICATION, (*days, day(MARCH.first, currency="USD", orders=7)))


class TestHistory:
    def test_reaches_from_its_first_to_its_last_day(self, history: History) -> None:
        assert history.available == DateRange(date(2026, 1, 31), date(2026, 3, 31))

    def test_without_days_reaches_nowhere(self) -> None:
        assert History(PUBLICATION, ()).available is None

    def test_the_currency_with_most_orders_is_first(self, history: History) -> None:
        assert history.currencies == ["GBP", "USD"]


class TestLastDays:
    def test_end_with_the_data_and_not_with_today(self, history: History) -> None:
        assert last_days(MARCH, 7) == DateRange(date(2026, 3, 25), date(2026, 3, 31))

    def test_are_not_more_than_there_are(self) -> None:
        assert last_days(MARCH, 90) == MARCH

    def test_all_is_all(self) -> None:
        assert last_days(MARCH, None) == MARCH


class TestPeriodBefore:
    def test_is_as_long_and_ends_the_day_before(self) -> None:
        assert period_before(DateRange(date(2026, 3, 1), date(2026, 3, 28))) == DateRange(
            date(2026, 2, 1), date(2026, 2, 28)
        )


class TestCompare:
    def test_sums_the_period_and_the_one_before(self, history: History) -> None:
        compared = compare(history, last_days(MARCH, 30), "GBP")
        assert compared.previous is not None
        assert (compared.current.order_count, compared.previous.order_count) == (60, 30)

    def test_a_period_before_that_is_not_all_there_is_not_compared_with(self, history: History) -> None:
        assert compare(history, last_days(MARCH, 31), "GBP").previous is None

    def test_another_currency_is_another_sum(self, history: History) -> None:
        assert compare(history, MARCH, "USD").current.gross_revenue_amount == Decimal(7)


class TestFillDays:
    def test_days_without_activity_are_nothing_and_not_missing(self) -> None:
        span = DateRange(date(2026, 3, 1), date(2026, 3, 3))
        days = [day(date(2026, 3, 2), orders=5), day(date(2026, 3, 1), currency="USD")]
        filled = fill_days(days, span=span, currency="GBP")
        assert [(when.day, totals.order_count) for when, totals in filled] == [(1, 0), (2, 5), (3, 0)]


class TestByRank:
    def test_leaves_out_prompts_without_a_place(self) -> None:
        lines = [line("third", 3), line("none", None), line("first", 1)]
        assert [entry.totals.title for entry in by_rank(lines)] == ["first", "third"]


class TestPromptsCsv:
    def test_a_title_is_no_formula(self) -> None:
        text = prompts_csv([line("=1+1", None)], days=MARCH, publication=PUBLICATION)
        assert next(csv.DictReader(io.StringIO(text)))["title"] == "'=1+1"

    def test_figures_are_exact_and_say_where_they_are_from(self) -> None:
        text = prompts_csv([line('A "quoted", title', 4)], days=MARCH, publication=PUBLICATION)
        row = next(csv.DictReader(io.StringIO(text)))
        assert row["title"] == 'A "quoted", title'
        assert (row["net_revenue_amount"], row["click_through_rate"], row["conversion_rate"]) == (
            "0.10",
            "0.333333",
            "",
        )
        assert (row["top_rank"], row["date_from"], row["date_to"], row["publication_id"]) == (
            "4",
            "2026-03-01",
            "2026-03-31",
            "p1",
        )
        assert (row["as_of"], row["complete_through"]) == (
            PUBLICATION.data_as_of.isoformat(),
            PUBLICATION.complete_through.isoformat(),
        )
