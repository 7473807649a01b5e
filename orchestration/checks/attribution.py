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
# Then that impressions have what was found.
IMPRESSIONS_CREDITED = Reconciliation(
    table="fct_impressions",
    name="fct_impressions_has_its_clicks_and_orders",
    description="Every impression has a click, and a purchase, if there are such for it, and none otherwise.",
    expected="""
        select impression_id, bool_or(is_clicked) as is_clicked, bool_or(is_purchased) as is_purchased
        from (
            select impression_id, prompt_id, true as is_clicked, false as is_purchased
            from intermediate.int_clicks_matched where {impression_id in scope}
            union all
            select impression_id, prompt_id, false, true
            from intermediate.int_orders_credited where {impression_id in scope}
        ) as credited
        where impression_id is not null and prompt_id in (select prompt_id from raw_app.prompts)
        group by impression_id
    """,
    found="""
        select impression_id, is_clicked, is_purchased
        from marts_build.fct_impressions where (is_clicked or is_purchased) and {impression_id in scope}
    """,
    key=("impression_id",),
    measures=("is_clicked", "is_purchased"),
    # Also of lists that only their clicks and orders say to have changed: an impression that was not built, though it
    # should have been, is what is looked for.
    scope="""
        select impression_id from marts_build.fct_impressions where _built_at > {built_through}
        union
        select impressions.impression_id
        from intermediate.int_impressions_served as impressions
        inner join intermediate.int_clicks_matched as clicks
            on impressions.receipt_id = clicks.receipt_id and impressions.prompt_id = clicks.prompt_id
        where clicks._built_at > {built_through}
        union
        select impression_id from intermediate.int_orders_credited
        where impression_id is not null and _built_at > {built_through}
        union
        select clicks.impression_id
        from intermediate.int_clicks_matched as clicks
        inner join intermediate.int_orders_credited as orders
            on clicks.prompt_id = orders.prompt_id and clicks.user_id = orders.buyer_user_id
        where clicks.impression_id is not null and orders._built_at > {built_through}
    """,
    is_of_rows=True,
)

ATTRIBUTION_RECONCILIATIONS = (CLICKS_RAW, ORDERS_RAW, IMPRESSIONS_CREDITED)
