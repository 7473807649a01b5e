"""The figures a seller looks at first, beside those of the period before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards import figure
from dashboards.data import Comparison
from warehouse.marts import PerformanceTotals


@dataclass(frozen=True)
class KeyFigure:
    """A metric's value, how it changed (None without a period to compare with), and what stands behind it."""

    slug: str
    value: str
    change: str | None
    note: str
    is_money: bool = False
    is_bad: bool = False


def key_figures(compared: Comparison, others: Sequence[PerformanceTotals]) -> list[KeyFigure]:
    """The key figures of one currency; `others` are the totals of the same days in the other currencies."""
    now, before = compared.current, compared.previous
    amounts = [figure.amount(other.net_revenue_amount, other.currency) for other in others]
    return [
        KeyFigure(
            "net_revenue_amount",
            figure.amount(now.net_revenue_amount, now.currency),
            figure.amount_change(now.net_revenue_amount, _of(before, "net_revenue_amount"), now.currency),
            f"and {', '.join(amounts)}" if amounts else "after refunds, before fees",
            is_money=True,
        ),
        KeyFigure(
            "order_count",
            figure.count(now.order_count),
            figure.count_change(now.order_count, _of(before, "order_count")),
            f"worth {figure.amount(now.gross_revenue_amount, now.currency)}",
        ),
        KeyFigure(
            "click_through_rate",
            figure.rate(now.click_through_rate),
            figure.rate_change(now.click_through_rate, _of(before, "click_through_rate")),
            figure.interval(now.click_count, now.impression_count),
        ),
        KeyFigure(
            "conversion_rate",
            figure.rate(now.conversion_rate),
            figure.rate_change(now.conversion_rate, _of(before, "conversion_rate")),
            figure.interval(now.purchased_click_count, now.click_count),
        ),
        KeyFigure(
            "refund_count",
            figure.count(now.refund_count),
            figure.count_change(now.refund_count, _of(before, "refund_count")),
            f"{figure.amount(now.refunded_amount, now.currency)}, {figure.refund_share(now)}",
            is_bad=True,
        ),
    ]


def _of(totals: PerformanceTotals | None, slug: str) -> Any:
    return None if totals is None else getattr(totals, slug)
