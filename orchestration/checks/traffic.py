"""What must agree before marts are published: what was done, as facts and days count it, with the raw tables."""

from orchestration.checks.reconciliation import Reconciliation

# As `is_counted_event` says it in the models: not of bots, of operators, of sellers with their own prompts.
IS_COUNTED = """
    coalesce(events.agent, 'program') <> 'bot' and not coalesce(events.is_staff, false)
    and not coalesce(events.is_own, false)
"""


def days_of(event_names: str, table: str, day: str) -> str:
    """Days of which an event of these names was loaded, or a row of the table was built."""
    return f"""
        select (occurred_at at time zone 'UTC')::date
        from raw_events.events
        where _loaded_at > {{loaded_through}} and event_name in ({event_names})
        union
        select {day} from marts_build.{table} where _built_at > {{built_through}}
    """  # nosec B608


FCT_IMPRESSIONS_RAW = Reconciliation(
    table="fct_impressions",
    name="fct_impressions_reconciles_with_raw_events",
    description="Per source of events, as many impressions as lists had places, each place of a list and day once.",
    expected="""
        select source, count(*) as impression_count
        from (
            select distinct
                events.source,
                events.properties ->> 'receipt_id' as receipt_id,
                (item ->> 'position')::bigint as position,
                item ->> 'prompt_id' as prompt_id,
                (events.occurred_at at time zone 'UTC')::date as served_date
            from raw_events.events
            cross join lateral jsonb_array_elements(
                case when jsonb_typeof(events.properties -> 'items') = 'array' then events.properties -> 'items' end
            ) as item
            where events.event_name = 'results.served'
                and {events.received_at since scope}
                and {(events.occurred_at at time zone 'UTC')::date in scope}
                and events.properties ->> 'receipt_id' is not null
                and item ->> 'position' ~ '^[0-9]{1,9}$'
                and item ->> 'prompt_id' in (select prompt_id from raw_app.prompts)
        ) as places
        group by source
    """,
    found="""
        select source, count(*) as impression_count
        from marts_build.fct_impressions
        where {served_at since scope} and {served_date in scope}
        group by source
    """,
    key=("source",),
    measures=("impression_count",),
    scope=days_of("'results.served'", "fct_impressions", "served_date"),
)

PERFORMANCE_RAW = Reconciliation(
    table="agg_prompts_performance_daily",
    name="agg_prompts_performance_daily_reconciles_with_raw_events",
    description="Of every day, as many views and checkouts of known prompts as were sent by those who count.",
    expected=f"""
        select
            performance_date,
            count(*) filter (where event_name = 'prompt.viewed') as view_count,
            count(*) filter (where event_name = 'checkout.started') as checkout_count
        from (
            select
                (events.occurred_at at time zone 'UTC')::date as performance_date,
                events.event_name,
                coalesce(events.prompt_id, orders.prompt_id) as prompt_id
            from raw_events.events
            left join raw_app.orders
                on events.event_name = 'checkout.started' and events.properties ->> 'order_id' = orders.order_id
            where events.event_name in ('prompt.viewed', 'checkout.started')
                and {IS_COUNTED}
                and {{events.received_at since scope}}
                and {{(events.occurred_at at time zone 'UTC')::date in scope}}
        ) as visits
        where prompt_id in (select prompt_id from raw_app.prompts)
        group by performance_date
    """,  # nosec B608
    found="""
        select performance_date, sum(view_count) as view_count, sum(checkout_count) as checkout_count
        from marts_build.agg_prompts_performance_daily
        where (view_count > 0 or checkout_count > 0) and {performance_date in scope}
        group by performance_date
    """,
    key=("performance_date",),
    measures=("view_count", "checkout_count"),
    scope=days_of("'prompt.viewed', 'checkout.started'", "agg_prompts_performance_daily", "performance_date"),
)

FCT_SEARCHES_RAW = Reconciliation(
    table="fct_searches",
    name="fct_searches_reconciles_with_raw_events",
    description="Of every day, as many searches as were sent, and as many of them that count.",
    expected=f"""
        select
            (events.occurred_at at time zone 'UTC')::date as searched_date,
            count(*) as search_count,
            count(*) filter (where {IS_COUNTED}) as counted_search_count
        from raw_events.events
        where events.event_name = 'search.performed'
            and {{events.received_at since scope}}
            and {{(events.occurred_at at time zone 'UTC')::date in scope}}
        group by 1
    """,  # nosec B608
    found="""
        select
            searched_date,
            count(*) as search_count,
            count(*) filter (where is_counted) as counted_search_count
        from marts_build.fct_searches
        where {searched_at since scope} and {searched_date in scope}
        group by searched_date
    """,
    key=("searched_date",),
    measures=("search_count", "counted_search_count"),
    scope=days_of("'search.performed'", "fct_searches", "searched_date"),
)

FCT_REVIEWS_RAW = Reconciliation(
    table="fct_reviews",
    name="fct_reviews_reconciles_with_raw_reviews",
    description="As many reviews of known prompts as the application has, with the same stars in all.",
    expected="""
        select 'all' as reviews, count(*) as review_count, coalesce(sum(rating), 0) as rating_sum
        from raw_app.reviews
        where prompt_id in (select prompt_id from raw_app.prompts)
    """,
    found="""
        select 'all' as reviews, count(*) as review_count, coalesce(sum(rating), 0) as rating_sum
        from marts_build.fct_reviews
    """,
    key=("reviews",),
    measures=("review_count", "rating_sum"),
)

TRAFFIC_RECONCILIATIONS = (FCT_IMPRESSIONS_RAW, PERFORMANCE_RAW, FCT_SEARCHES_RAW, FCT_REVIEWS_RAW)
