"""Metrics of orders and money."""

from warehouse.metrics.definition import Measure, Metric
from warehouse.metrics.source import ORDERS, PERFORMANCE
from warehouse.metrics.traffic import CLICKS

OWNER = "commerce"

# The marts keep the share of clicks that led to an order; times the clicks, that is the whole number it was made from.
PURCHASED_CLICKS = Measure("purchased_clicks", "sum", "round(coalesce(conversion_rate, 0) * click_count)")
_ORDERS = Measure("orders", "sum", "order_count")
_REFUNDS = Measure("refunds", "sum", "refund_count")
_GROSS = Measure("gross_revenue", "sum", "gross_revenue_amount", is_amount=True)
_FEES = Measure("fees", "sum", "fee_amount", is_amount=True)


def _amount(slug: str, label: str, measure: Measure, leaves_out: str) -> Metric:
    return Metric(slug, label, "currency", measure, PERFORMANCE, OWNER, leaves_out, is_additive=True)


COMMERCE: tuple[Metric, ...] = (
    Metric(
        "order_count",
        "Orders",
        "count",
        _ORDERS,
        PERFORMANCE,
        OWNER,
        "Orders never paid. A refunded order stays an order, on the day it was paid.",
        is_additive=True,
    ),
    Metric(
        "refund_count",
        "Refunds",
        "count",
        _REFUNDS,
        PERFORMANCE,
        OWNER,
        "Refunds pending or failed. A refund counts on the day of the order it reverses, so past days change; "
        "`fct_refunds` has the day it happened.",
        is_additive=True,
    ),
    _amount(
        "gross_revenue_amount",
        "Gross revenue",
        _GROSS,
        "Orders never paid. Taxes, fees and refunds are not deducted.",
    ),
    _amount(
        "refunded_amount",
        "Refunded",
        Measure("refunded", "sum", "refunded_amount", is_amount=True),
        "Refunds pending or failed. Counts on the day of the order it reverses.",
    ),
    _amount(
        "net_revenue_amount",
        "Net revenue",
        Measure("net_revenue", "sum", "net_revenue_amount", is_amount=True),
        "Fees: they are in `fee_amount`; and what banks took back in disputes: that is in `fct_order_payments`. It is "
        "gross revenue less what was refunded, on the day of the order.",
    ),
    Metric(
        "fee_amount",
        "Fees",
        "currency",
        _FEES,
        ORDERS,
        OWNER,
        "Fees of orders whose provider has not told them yet; it does so a moment after the payment. Orders that were "
        "imported have none.",
        is_additive=True,
    ),
    Metric(
        "average_order_amount",
        "Average order value",
        "currency",
        _GROSS,
        PERFORMANCE,
        OWNER,
        "Orders never paid. Refunds are not deducted. It is gross revenue / orders, and not rounded.",
        denominator=_ORDERS,
    ),
    Metric(
        "refund_rate",
        "Refund rate",
        "ratio",
        _REFUNDS,
        PERFORMANCE,
        OWNER,
        "Refunds pending or failed. It is refunds / orders of the days the orders were paid on; an order that was "
        "refunded in parts counts with each of them, so it has no interval and can be over 1.",
        denominator=_ORDERS,
    ),
    Metric(
        "take_rate",
        "Take rate",
        "ratio",
        _FEES,
        ORDERS,
        OWNER,
        "Orders whose fee is not known yet, in fees and in revenue alike. Imported orders count with no fee.",
        denominator=Measure("gross_of_known_fee", "sum", "gross_amount", "fee_amount is not null", is_amount=True),
    ),
    Metric(
        "conversion_rate",
        "Conversion rate",
        "ratio",
        PURCHASED_CLICKS,
        PERFORMANCE,
        OWNER,
        "Orders that followed no click on a served list, so it is not orders / clicks. An order belongs to the buyer's "
        "last click on that prompt in the 7 days before it.",
        denominator=CLICKS,
        has_interval=True,
    ),
)
