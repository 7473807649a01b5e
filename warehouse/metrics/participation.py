"""Metrics of who buys and sells, and who comes back. Buyers and sellers are organizations."""

from warehouse.metrics.definition import Measure, Metric
from warehouse.metrics.source import (
    BUYERS_BEFORE_AND_IN_28D,
    NEW_BUYERS,
    NUMBERED_ORDERS,
    NUMBERED_ORDERS_28D,
    OFFERED_PROMPTS_28D,
    ORDERS_28D,
    PARTIES,
    WINDOW_DAYS,
)

OWNER = "marketplace"

_BUYERS = Measure("buyers", "count_distinct", "buyer_organization_id")

PARTICIPATION: tuple[Metric, ...] = (
    Metric(
        "unique_buyer_count",
        "Unique buyers",
        "persons",
        Measure("unique_buyers", "sum", "unique_buyer_count"),
        PARTIES,
        OWNER,
        "Who paid for nothing. People of one organization are one buyer. Holds for one day only: summing days counts a "
        "buyer again.",
    ),
    Metric(
        "unique_buyer_count_28d",
        "Unique buyers in 28 days",
        "persons",
        _BUYERS,
        ORDERS_28D,
        OWNER,
        "Who paid for nothing in the 28 days up to the day. People of one organization are one buyer; whoever bought "
        "in two currencies is one in each.",
        window_days=WINDOW_DAYS,
    ),
    Metric(
        "new_buyer_count",
        "New buyers",
        "count",
        Measure("new_buyers", "count", "1", "order_number = 1"),
        NUMBERED_ORDERS,
        OWNER,
        "Buyers who had paid for something before, in whatever currency. People of one organization are one buyer. "
        "Those of a month are a cohort of `agg_buyer_cohorts_monthly`.",
        is_additive=True,
    ),
    Metric(
        "repeat_purchase_rate",
        "Repeat purchase rate",
        "ratio",
        Measure("returning_buyers", "count_distinct", "buyer_organization_id", "order_number > 1"),
        NUMBERED_ORDERS_28D,
        OWNER,
        "Who paid for nothing in the 28 days up to the day. Of those who did, the share of which an order in them was "
        "not their first, whatever the currency of that.",
        denominator=_BUYERS,
        window_days=WINDOW_DAYS,
        has_interval=True,
    ),
    Metric(
        "buyer_retention_rate",
        "Buyer retention",
        "ratio",
        Measure("retained_buyers", "count_distinct", "later.buyer_organization_id"),
        BUYERS_BEFORE_AND_IN_28D,
        OWNER,
        "Who bought for the first time in the last 28 days. Of those who bought in the 28 days before them, the share "
        "that bought again in the 28 days up to the day, in the same currency.",
        denominator=Measure("earlier_buyers", "count_distinct", "earlier.buyer_organization_id"),
        window_days=WINDOW_DAYS,
        has_interval=True,
    ),
    Metric(
        "new_buyer_retention_rate",
        "Retention of new buyers",
        "ratio",
        Measure("retained_new_buyers", "sum", "is_retained"),
        NEW_BUYERS,
        OWNER,
        "Who had bought before, and who bought for the first time so lately that the 28 days to come back are not "
        "over. Of those who bought for the first time on the day, the share that bought on another day of the 28 after "
        "it, whatever the currency of that. The newest day with a figure is 29 days before the newest there is: the "
        "last 28 days, which are shown when no days are asked for, never have one, so ask for earlier days. A month is "
        "of those of its days whose 28 days are over, and is not complete before those of its last day are; then it is "
        "that of the month's cohort, and `agg_buyer_cohorts_monthly` follows each cohort through all months.",
        denominator=Measure("new_buyers", "sum", "is_new"),
        follow_up_days=WINDOW_DAYS,
        has_interval=True,
    ),
    Metric(
        "active_seller_count",
        "Active sellers",
        "persons",
        Measure("active_sellers", "sum", "active_seller_count"),
        PARTIES,
        OWNER,
        "Sellers without a paid order on the day. Summing days counts a seller again.",
    ),
    Metric(
        "active_seller_count_28d",
        "Active sellers in 28 days",
        "persons",
        Measure("selling_organizations", "count_distinct", "seller_organization_id"),
        {"marketplace": ORDERS_28D["marketplace"]},
        OWNER,
        "Sellers without a paid order in the 28 days up to the day.",
        window_days=WINDOW_DAYS,
    ),
    Metric(
        "liquidity_rate",
        "Liquidity",
        "ratio",
        Measure("sold_prompts", "count_distinct", "sold.prompt_id"),
        OFFERED_PROMPTS_28D,
        OWNER,
        "Prompts that were not published at the end of the day, and their orders. Of those that were, the share with a "
        "paid order in the 28 days up to the day.",
        denominator=Measure("offered_prompts", "count_distinct", "states.prompt_id"),
        window_days=WINDOW_DAYS,
        has_interval=True,
    ),
)
