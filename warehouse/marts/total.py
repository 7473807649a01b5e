"""Sums of days. Amounts of different currencies are never added, and a rate is never averaged."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from warehouse.marts.row import PerformanceDay, PerformanceTotals


def sum_days(days: Iterable[PerformanceDay]) -> list[PerformanceTotals]:
    """One total per currency, ordered by currency, with rates recomputed from the summed counts."""
    by_currency: dict[str, list[PerformanceDay]] = defaultdict(list)
    for day in days:
        by_currency[day.currency].append(day)
    return [_sum(currency, by_currency[currency]) for currency in sorted(by_currency)]


def no_activity(currency: str) -> PerformanceTotals:
    """The total of no days."""
    return _sum(currency, [])


def divide(numerator: int, denominator: int) -> float | None:
    """A rate of counts, or None when there is nothing to divide by."""
    return numerator / denominator if denominator else None


def purchased_clicks(day: PerformanceDay) -> int:
    """The clicked impressions of a day that led to an order.

    The marts keep their share of the clicks; times the clicks, that is the whole number it was made from, because what
    a float cuts off is far less than one click.
    """
    return round((day.conversion_rate or 0.0) * day.click_count)


def _sum(currency: str, days: list[PerformanceDay]) -> PerformanceTotals:
    impressions = sum(day.impression_count for day in days)
    clicks = sum(day.click_count for day in days)
    purchased = sum(purchased_clicks(day) for day in days)
    return PerformanceTotals(
        currency=currency,
        impression_count=impressions,
        click_count=clicks,
        purchased_click_count=purchased,
        view_count=sum(day.view_count for day in days),
        checkout_count=sum(day.checkout_count for day in days),
        order_count=sum(day.order_count for day in days),
        refund_count=sum(day.refund_count for day in days),
        gross_revenue_amount=sum((day.gross_revenue_amount for day in days), Decimal(0)),
        refunded_amount=sum((day.refunded_amount for day in days), Decimal(0)),
        net_revenue_amount=sum((day.net_revenue_amount for day in days), Decimal(0)),
        click_through_rate=divide(clicks, impressions),
        conversion_rate=divide(purchased, clicks),
    )
