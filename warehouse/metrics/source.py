"""The rows metrics are measured over, by the dimension they are cut by."""

from collections.abc import Mapping

from warehouse.metrics.definition import Dimension, Source

Sources = Mapping[Dimension, Source]

WINDOW_DAYS = 28
"""The length of every window: four whole weeks, so that each day of the week counts alike."""

WHOLE = "'all'"
_IN_WINDOW = f"between days.date_day - {WINDOW_DAYS - 1} and days.date_day"


def _mart(name: str, day: str, key: str, *, currency: str | None = "currency", condition: str | None = None) -> Source:
    return Source((name,), f"marts.{name}", day, key, currency, condition)


def _windows_over(relation: str, day: str) -> str:
    """Every row once for each day whose window it lies in."""
    return f"marts.dim_dates as days inner join {relation} on {day} {_IN_WINDOW}"


PERFORMANCE: Sources = {
    "marketplace": _mart("agg_marketplace_daily", "performance_date", WHOLE),
    "category": _mart("agg_categories_performance_daily", "performance_date", "category"),
    "seller": _mart("agg_sellers_performance_daily", "performance_date", "seller_organization_id"),
    "prompt": _mart("agg_prompts_performance_daily", "performance_date", "prompt_id"),
}
"""One row for each day, currency and what it is cut by."""

PARTIES: Sources = {"marketplace": PERFORMANCE["marketplace"], "category": PERFORMANCE["category"]}
"""The marts that count buyers and sellers by day."""

ORDERS: Sources = {
    "marketplace": _mart("fct_orders", "paid_date", WHOLE),
    "seller": _mart("fct_orders", "paid_date", "seller_organization_id"),
    "prompt": _mart("fct_orders", "paid_date", "prompt_id"),
}
"""Paid orders."""

_ORDER_MARTS = ("fct_orders", "dim_dates")
_ORDERS_28D = _windows_over("marts.fct_orders as orders", "orders.paid_date")

ORDERS_28D: Sources = {
    dimension: Source(_ORDER_MARTS, _ORDERS_28D, "date_day", source.key, "currency")
    for dimension, source in ORDERS.items()
}
"""Paid orders, for each of the days whose window they lie in."""

# An order's number among all of its buyer's, whatever the currency: it must not be counted over what one may see.
_NUMBERED = """(
        select
            paid_date,
            currency,
            buyer_organization_id,
            min(paid_date) over (partition by buyer_organization_id) as first_paid_date,
            row_number() over (partition by buyer_organization_id order by paid_at, order_id) as order_number
        from marts.fct_orders
    ) as orders"""

NUMBERED_ORDERS: Sources = {"marketplace": Source(("fct_orders",), _NUMBERED, "paid_date", WHOLE, "currency")}
"""Paid orders, with how many their buyer had made by then."""

NUMBERED_ORDERS_28D: Sources = {
    "marketplace": Source(
        _ORDER_MARTS, _windows_over(_NUMBERED, "orders.paid_date"), "date_day", WHOLE, "currency"
    )
}  # fmt: skip
"""The same, for each of the days whose window they lie in."""

# One sort by buyer, and nothing joined: an order's buyer came back on the first day after that of its first order.
_NEW_BUYERS = f"""(
        select
            numbered.paid_date,
            numbered.currency,
            case when numbered.order_number = 1 then 1 else 0 end as is_new,
            case
                when numbered.order_number = 1 and numbered.returned_date <= numbered.paid_date + {WINDOW_DAYS} then 1
                else 0
            end as is_retained
        from (
            select
                orders.paid_date,
                orders.currency,
                orders.order_number,
                min(case when orders.paid_date > orders.first_paid_date then orders.paid_date end)
                    over (partition by orders.buyer_organization_id)
                as returned_date
            from {_NUMBERED}
        ) as numbered
    ) as orders"""  # nosec B608

NEW_BUYERS: Sources = {
    "marketplace": Source(
        _ORDER_MARTS,
        _NEW_BUYERS,
        "paid_date",
        WHOLE,
        "currency",
        # The newest day there is may still go on, so nothing is told of those who have until its end to come back.
        f"paid_date < (select max(date_day) from marts.dim_dates) - {WINDOW_DAYS}",  # nosec B608
    )
}
"""Paid orders, those that were their buyer's first with whether it came back; once its time for that is over."""

_BUYER_DAYS = "(select distinct buyer_organization_id, currency, paid_date from marts.fct_orders)"

BUYERS_BEFORE_AND_IN_28D: Sources = {
    "marketplace": Source(
        _ORDER_MARTS,
        f"""marts.dim_dates as days
    inner join {_BUYER_DAYS} as earlier
        on earlier.paid_date between days.date_day - {2 * WINDOW_DAYS - 1} and days.date_day - {WINDOW_DAYS}
    left join {_BUYER_DAYS} as later
        on
            earlier.buyer_organization_id = later.buyer_organization_id
            and earlier.currency = later.currency
            and later.paid_date {_IN_WINDOW}""",
        "date_day",
        WHOLE,
        "earlier.currency",
    )
}
"""Who bought in the window before that of a day, beside their orders in that of the day."""

_OFFERED = f"""marts.dim_dates as days
    inner join marts.dim_prompts_history as states
        on
            states.status = 'published'
            and cast(states.valid_from at time zone 'UTC' as date) <= days.date_day
            and (states.valid_to is null or cast(states.valid_to at time zone 'UTC' as date) > days.date_day)
    inner join marts.dim_prompts as prompts on states.prompt_id = prompts.prompt_id
    left join (select distinct prompt_id, paid_date from marts.fct_orders) as sold
        on states.prompt_id = sold.prompt_id and sold.paid_date {_IN_WINDOW}"""  # nosec B608


def _offered(key: str) -> Source:
    return Source(("dim_prompts_history", "dim_prompts", "fct_orders", "dim_dates"), _OFFERED, "date_day", key, None)


OFFERED_PROMPTS_28D: Sources = {
    "marketplace": _offered(WHOLE),
    "category": _offered("coalesce(states.category, '')"),
    "seller": _offered("prompts.seller_organization_id"),
}
"""Prompts as they were at the end of a day, those on offer, beside their orders in its window."""

SESSIONS: Sources = {"marketplace": _mart("fct_sessions", "started_date", WHOLE, currency=None, condition="is_counted")}
"""Visits of people who count."""

SESSIONS_28D: Sources = {
    "marketplace": Source(
        ("fct_sessions", "dim_dates"),
        _windows_over("marts.fct_sessions as sessions", "sessions.started_date"),
        "date_day",
        WHOLE,
        None,
        "is_counted",
    )
}
"""The same, for each of the days whose window they lie in."""

SEARCHES: Sources = {
    "marketplace": _mart("fct_searches", "searched_date", WHOLE, currency=None, condition="is_counted")
}
"""Searches by people who count."""

SEARCH_TERMS: Sources = {
    "marketplace": _mart(
        "agg_search_terms_daily", "searched_date", WHOLE, currency=None, condition="search_count > 0"
    )
}  # fmt: skip
"""What was searched for on a day, each term once."""

_REVIEWED: tuple[tuple[Dimension, str], ...] = (
    ("marketplace", WHOLE),
    ("seller", "seller_organization_id"),
    ("prompt", "prompt_id"),
)

REVIEWS: Sources = {
    dimension: _mart("fct_reviews", "reviewed_date", key, currency=None, condition="not is_hidden")
    for dimension, key in _REVIEWED
}
"""Reviews that are shown, as they are now."""
