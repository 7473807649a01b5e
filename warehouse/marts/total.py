"""Sums of days. Amounts of different currencies are never added, and a rate is never averaged."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

from warehouse.marts.row import PerformanceDay, PerformanceTotals
from warehouse.metrics import RATE_DECIMALS

RATE_STEP = Decimal(1).scaleb(-RATE_DECIMALS)


def sum_days(days: Iterable[PerformanceDay]) -> list[PerformanceTotals]:
    """One total per currency, ordered by currency, with rates recomputed from the summed counts."""
    by_currency: dict[str, list[PerformanceDay]] = defaultdict(list)
    for day in days:
        by_currency[day.currency].append(day)
    return [_sum(currency, by_currency[currency]) for currency in sorted(by_currency)]


def no_activity(currency: str) -> PerformanceTotals:
    """The total of no days."""
    return _sum(currency, [])


def divide(numerator: int, denominator: int) -> Decimal | None:
    """A rate of counts, rounded as the marts round; None when there is nothing to divide by."""
    if denominator == 0:
        return None
    return (Decimal(numerator) / denominator).quantize(RATE_STEP)


def purchased_clicks(day: PerformanceDay) -> int:
    """The clicked impressions of a day that led to an order.

    The marts keep their share of the clicks; times the clicks, that is the whole number it was made from, because the
    rounding of a rate is far smaller than one click.
    """
    if day.conversion_rate is None:
        return 0
    return int((Decimal(day.conversion_rate) * day.click_count).quantize(Decimal(1), ROUND_HALF_EVEN))


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
