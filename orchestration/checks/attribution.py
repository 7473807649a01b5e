"""What must agree before marts are published: which clicks and orders impressions are owed, with those there were."""

from orchestration.checks.reconciliation import Reconciliation
from orchestration.checks.traffic import IS_COUNTED, days_of, events_in_scope

CLICKED = f"""
    event_name = 'prompt.clicked' and events.prompt_id is not null
    and jsonb_typeof(events.properties -> 'receipt_id') not in ('object', 'array')
    and events.properties ->> 'receipt_id' is not null and {IS_COUNTED}
"""
CLICKED_DATE = "(clicked_at at time zone 'UTC')::date"

# What each click and order was found to belong to is a table of its own: first that none of them is missing there.
CLICKS_RAW = Reconciliation(
    table="fct_impressions",
    name="fct_impressions_reconciles_with_raw_clicks",
    description="Of every day, as many clicks that name a list were looked at as were sent by those who count.",
    expected=f"""
        select day as clicked_date, count(*) as click_count from ({events_in_scope(CLICKED)}) as clicks group by day
    """,  # nosec B608
    found=f"""
        select {CLICKED_DATE} as clicked_date, count(*) as click_count
        from intermediate.int_clicks_matched where {{clicked_at on scope}}
        group by 1
    """,  # nosec B608
    key=("clicked_date",),
    measures=("click_count",),
    scope=days_of(CLICKED, "intermediate.int_clicks_matched", CLICKED_DATE),
)
ORDERS_RAW = Reconciliation(
    table="fct_impressions",
    name="fct_impressions_reconciles_with_raw_orders",
    description="Every order was looked at for the click it is owed to.",
    expected="select 'all' as orders, count(*) as order_count from raw_app.orders",
    found="select 'all' as orders, count(*) as order_count from intermediate.int_orders_credited",
    key=("orders",),
    measures=("order_count",),
)
# Then that impressions have what was found. Those that were built say in their row what is compared. Others are looked
# up when a click or an order of theirs was built: one that was not built, though it should have been, is searched for.
_UNTESTED = """
    with built as materialized (
        select impression_id, is_clicked, is_purchased
        from marts_build.fct_impressions where _built_at > {built_through}
    ),
    orders as materialized (
        select impression_id, prompt_id, buyer_user_id, receipt_id, paid_at
        from intermediate.int_orders_credited where _built_at > {built_through}
    ),
    named as (
        select impressions.impression_id
        from intermediate.int_clicks_matched as clicks
        inner join intermediate.int_impressions_served as impressions
            on clicks.receipt_id = impressions.receipt_id and clicks.prompt_id = impressions.prompt_id
        where clicks._built_at > {built_through}
        union
        select impression_id from orders
        union
        -- A purchase moves between the lists that its order names and those its buyer clicked in shortly before it.
        select clicks.impression_id
        from orders
        inner join intermediate.int_clicks_matched as clicks
            on orders.receipt_id = clicks.receipt_id and orders.prompt_id = clicks.prompt_id
        union
        select clicks.impression_id
        from orders
        inner join intermediate.int_clicks_matched as clicks
            on
                orders.prompt_id = clicks.prompt_id and orders.buyer_user_id = clicks.user_id
                and clicks.clicked_at between orders.paid_at - interval '168 hours' and orders.paid_at
    ),
    untested as (
        select * from built
        union all
        select named.impression_id, others.is_clicked, others.is_purchased
        from named
        left join marts_build.fct_impressions as others on named.impression_id = others.impression_id
        where
            named.impression_id is not null
            and not exists (select from built where built.impression_id = named.impression_id)
    )
    select *,
        -- With `exists` all clicks there ever were would be read into memory, to look these up in it.
        coalesce(
            (
                select prompt_id from intermediate.int_clicks_matched as clicks
                where clicks.impression_id = untested.impression_id
                limit 1
            ) in (select prompt_id from raw_app.prompts),
            false
        ) as has_click,
        exists (
            select from intermediate.int_orders_credited as orders
            where
                orders.impression_id = untested.impression_id
                and orders.prompt_id in (select prompt_id from raw_app.prompts)
        ) as has_order
    from untested
"""
IMPRESSIONS_CREDITED = Reconciliation(
    table="fct_impressions",
    name="fct_impressions_has_its_clicks_and_orders",
    description="Every impression has a click, and a purchase, if there are such for it, and none otherwise.",
    expected="""
        select impression_id, bool_or(is_clicked) as is_clicked, bool_or(is_purchased) as is_purchased
        from (
            select impression_id, prompt_id, true as is_clicked, false as is_purchased
            from intermediate.int_clicks_matched
            union all
            select impression_id, prompt_id, false, true
            from intermediate.int_orders_credited
        ) as credited
        where impression_id is not null and prompt_id in (select prompt_id from raw_app.prompts)
        group by impression_id
    """,
    found="""
        select impression_id, is_clicked, is_purchased
        from marts_build.fct_impressions where is_clicked or is_purchased
    """,
    key=("impression_id",),
    measures=("is_clicked", "is_purchased"),
    scope=_UNTESTED,
    expected_in_scope="""
        select impression_id, has_click as is_clicked, has_order as is_purchased
        from in_scope where has_click or has_order
    """,
    found_in_scope="select impression_id, is_clicked, is_purchased from in_scope where is_clicked or is_purchased",
)

ATTRIBUTION_RECONCILIATIONS = (CLICKS_RAW, ORDERS_RAW, IMPRESSIONS_CREDITED)
