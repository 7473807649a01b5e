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
        from intermediate.int_clicks_matched where {{clicked_at since scope}} and {{{CLICKED_DATE} in scope}}
        group by 1
    """,  # nosec B608
    key=("clicked_date",),
    measures=("click_count",),
    scope=f"""
        {days_of(CLICKED, "fct_impressions", "served_date")}
        union
        select {CLICKED_DATE} from intermediate.int_clicks_matched where _built_at > {{built_through}}
    """,  # nosec B608
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
    description="Of every day, as many impressions with a click, and with a purchase, as there are found for.",
    expected="""
        select * from (
            select
                impressions.served_date,
                count(*) filter (
                    where exists (
                        select from intermediate.int_clicks_matched as clicks
                        where clicks.impression_id = impressions.impression_id
                    )
                ) as click_count,
                count(*) filter (
                    where exists (
                        select from intermediate.int_orders_credited as orders
                        where orders.impression_id = impressions.impression_id
                    )
                ) as purchase_count
            from intermediate.int_impressions_served as impressions
            where
                impressions.prompt_id in (select prompt_id from raw_app.prompts)
                and {impressions.served_at since scope}
                and {impressions.served_date in scope}
            group by impressions.served_date
        ) as found where click_count + purchase_count > 0
    """,
    found="""
        select
            served_date,
            count(*) filter (where is_clicked) as click_count,
            count(*) filter (where is_purchased) as purchase_count
        from marts_build.fct_impressions
        where (is_clicked or is_purchased) and {served_at since scope} and {served_date in scope}
        group by served_date
    """,
    key=("served_date",),
    measures=("click_count", "purchase_count"),
    # Also of lists that only their clicks and orders say to have changed: a day that impressions were not built for,
    # though they should have been, is what is looked for.
    scope="""
        select served_date from marts_build.fct_impressions where _built_at > {built_through}
        union
        select impressions.served_date
        from intermediate.int_impressions_served as impressions
        inner join intermediate.int_clicks_matched as clicks
            on impressions.receipt_id = clicks.receipt_id and impressions.prompt_id = clicks.prompt_id
        where clicks._built_at > {built_through}
        union
        select impressions.served_date
        from intermediate.int_impressions_served as impressions
        inner join intermediate.int_orders_credited as orders on impressions.impression_id = orders.impression_id
        where orders._built_at > {built_through}
    """,
)

ATTRIBUTION_RECONCILIATIONS = (CLICKS_RAW, ORDERS_RAW, IMPRESSIONS_CREDITED)
