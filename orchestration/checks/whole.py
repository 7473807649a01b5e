"""What must agree before marts are published: persons and companies of a day, which don't add up, with the raw tables.

Sums over prompts tell nothing of them: whoever looked at two prompts is one person of the marketplace.
"""

from orchestration.checks.reconciliation import Reconciliation
from orchestration.checks.traffic import IS_COUNTED, JOIN_PERSONS, PERSON_ID, days_changed, days_of, events_in_scope

# What each whole is cut by besides the day and the currency, as the raw tables have it.
WHOLES = {
    "agg_sellers_performance_daily": ("seller_organization_id", "prompts.seller_organization_id"),
    "agg_categories_performance_daily": ("category", "coalesce(prompts.category, '')"),
    "agg_marketplace_daily": ("marketplace", "'all'"),
}
# Who is counted, and in which column; sellers are not told how many companies buy.
PERSONS = {"unique_viewer_count": "person_id"}
PARTIES = {"unique_buyer_count": "buyer_organization_id", "active_seller_count": "seller_organization_id"}
VIEWED = f"event_name = 'prompt.viewed' and events.prompt_id is not null and {IS_COUNTED}"
VIEWS = events_in_scope(VIEWED, columns=f"{PERSON_ID} as person_id,", joins=JOIN_PERSONS)
PAID_DATE = "(orders.paid_at at time zone 'UTC')::date"


def _reconcile_whole(table: str) -> Reconciliation:
    key, expression = WHOLES[table]
    measures = PERSONS if key == "seller_organization_id" else PERSONS | PARTIES
    keys = f"{key}, performance_date, currency"
    some = " or ".join(f"{name} > 0" for name in measures)
    kept = ("currency",) if key == "marketplace" else (key, "currency")
    counted = ", ".join(f"count(distinct {column}) as {name}" for name, column in measures.items())
    # A seller's key and the seller of an order have the same name.
    seen = "whole, performance_date, currency"
    return Reconciliation(
        table=table,
        name=f"{table}_reconciles_with_raw_persons",
        description="Of every day, as many different people and companies as the raw events and orders name.",
        expected=f"""
            select whole as {key}, performance_date, currency, {", ".join(measures)} from (
                select {seen}, {counted} from (
                    select {expression} as whole, events.day as performance_date, prompts.currency,
                        events.person_id, null as buyer_organization_id, null as seller_organization_id
                    from ({VIEWS}) as events
                    inner join raw_app.prompts on events.prompt_id = prompts.prompt_id
                    union all
                    select {expression}, {PAID_DATE}, orders.currency, null, orders.buyer_organization_id,
                        orders.seller_organization_id
                    from raw_app.orders
                    inner join raw_app.prompts on orders.prompt_id = prompts.prompt_id
                    where orders.paid_at is not null and {{{PAID_DATE} in scope}}
                ) as seen group by {seen}
            ) as counted where {some}
        """,  # nosec B608
        found=f"""
            select {keys if key != "marketplace" else "'all' as " + keys}, {", ".join(measures)}
            from marts_build.{table} where ({some}) and {{performance_date in scope}}
        """,  # nosec B608
        key=(key, "performance_date", "currency"),
        measures=tuple(measures),
        scope=f"""
            {days_of(VIEWED, "intermediate.int_views_identified", "viewed_date")}
            union
            {days_changed(table, "performance_date", kept, tuple(measures))}
            union
            select {PAID_DATE} from raw_app.orders where paid_at is not null and _loaded_at > {{loaded_through}}
        """,  # nosec B608
    )


WHOLE_RECONCILIATIONS = tuple(_reconcile_whole(table) for table in WHOLES)
