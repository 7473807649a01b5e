"""Sums of days."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from warehouse.marts import PerformanceDay, sum_days
from warehouse.marts.total import divide, purchased_clicks


def day(
    number: int = 1,
    currency: str = "GBP",
    *,
    impressions: int = 0,
    clicks: int = 0,
    purchased: int = 0,
    gross: str = "0",
) -> PerformanceDay:
    return PerformanceDay(
        performance_date=date(2026, 3, number),
        currency=currency,
        impression_count=impressions,
        click_count=clicks,
        view_count=2,
        unique_viewer_count=1,
        checkout_count=0,
        order_count=1,
        refund_count=0,
        gross_revenue_amount=Decimal(gross),
        refunded_amount=Decimal("0.10"),
        net_revenue_amount=Decimal(gross) - Decimal("0.10"),
        click_through_rate=divide(clicks, impressions),
        conversion_rate=divide(purchased, clicks),
    )


class TestSumDays:
    def test_currencies_are_never_added(self) -> None:
        totals = sum_days([day(1, "USD", gross="5"), day(1, "GBP", gross="7"), day(2, "USD", gross="1.25")])
        assert [(total.currency, total.gross_revenue_amount) for total in totals] == [
            ("GBP", Decimal(7)),
            ("USD", Decimal("6.25")),
        ]

    def test_a_rate_is_of_the_summed_counts_and_not_the_mean_of_rates(self) -> None:
        total = sum_days([day(1, impressions=1, clicks=1), day(2, impressions=999, clicks=9)])[0]
        assert total.click_through_rate == 10 / 1000

    def test_conversion_is_of_the_summed_counts(self) -> None:
        total = sum_days([day(1, clicks=3, purchased=1), day(2, clicks=7, purchased=3)])[0]
        assert (total.purchased_click_count, total.conversion_rate) == (4, 0.4)

    def test_nothing_to_divide_by_is_no_rate(self) -> None:
        total = sum_days([day(1)])[0]
        assert (total.click_through_rate, total.conversion_rate) == (None, None)

    def test_amounts_stay_exact(self) -> None:
        total = sum_days([day(number, gross="0.10") for number in range(1, 31)])[0]
        assert total.gross_revenue_amount == Decimal("3.00")
        assert total.net_revenue_amount == total.gross_revenue_amount - total.refunded_amount

    def test_no_days_have_no_totals(self) -> None:
        assert sum_days([]) == []


class TestPurchasedClicks:
    @given(clicks=st.integers(1, 2**40), data=st.data())
    def test_the_whole_number_behind_a_rate_is_recovered(self, clicks: int, data: st.DataObject) -> None:
        purchased = data.draw(st.integers(0, clicks))
        assert purchased_clicks(day(clicks=clicks, purchased=purchased)) == purchased
