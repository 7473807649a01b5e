"""What must agree before marts are published: facts with the raw tables, roll-ups with facts, both to the cent."""

from orchestration.checks.attribution import ATTRIBUTION_RECONCILIATIONS
from orchestration.checks.catalog import CATALOG_RECONCILIATIONS
from orchestration.checks.cohort import COHORTS_RAW
from orchestration.checks.reconciliation import MINOR_UNITS, Reconciliation
from orchestration.checks.session import SESSION_RECONCILIATIONS
from orchestration.checks.traffic import TRAFFIC_RECONCILIATIONS
from orchestration.checks.whole import WHOLE_RECONCILIATIONS, WHOLES

FCT_ORDERS_RAW = Reconciliation(
    table="fct_orders",
    name="fct_orders_reconciles_with_raw_orders",
    description="Per currency, as many paid orders as the application has, over the same amount and fees to the cent.",
    expected="""
        select currency, count(*) as order_count, sum(amount_cents) as gross_cents,
            coalesce(sum(fee_cents), 0) as fee_cents,
            count(*) filter (where fee_cents is null and provider = 'stripe') as unknown_fee_count
        from raw_app.orders
        where paid_at is not null
        group by currency
    """,
    found=f"""
        select currency, count(*) as order_count, sum(gross_amount * {MINOR_UNITS}) as gross_cents,
            coalesce(sum(fee_amount * {MINOR_UNITS}), 0) as fee_cents,
            count(*) filter (where fee_amount is null) as unknown_fee_count
        from marts_build.fct_orders
        group by currency
    """,  # nosec B608
    key=("currency",),
    measures=("order_count", "gross_cents", "fee_cents", "unknown_fee_count"),
)

FCT_REFUNDS_RAW = Reconciliation(
    table="fct_refunds",
    name="fct_refunds_reconciles_with_raw_refunds",
    description="Per currency, as many succeeded refunds of paid orders as the application has, to the cent.",
    expected="""
        select refunds.currency, count(*) as refund_count, sum(refunds.amount_cents) as refunded_cents
        from raw_app.refunds
        inner join raw_app.orders on refunds.order_id = orders.order_id
        where refunds.status = 'succeeded' and orders.paid_at is not null
        group by refunds.currency
    """,
    found=f"""
        select currency, count(*) as refund_count, sum(refunded_amount * {MINOR_UNITS}) as refunded_cents
        from marts_build.fct_refunds
        group by currency
    """,  # nosec B608
    key=("currency",),
    measures=("refund_count", "refunded_cents"),
)

FCT_ORDER_PAYMENTS_RAW = Reconciliation(
    table="fct_order_payments",
    name="fct_order_payments_reconciles_with_raw_balance_transactions",
    description="Per kind and currency, as many bookings of paid orders as Stripe told of, over the same net.",
    expected="""
        select booked.reporting_category, booked.currency, count(*) as booking_count, sum(booked.net_cents) as net_cents
        from raw_stripe.balance_transactions as booked
        inner join raw_app.orders as orders on booked.payment_intent_id = orders.stripe_payment_intent_id
        where orders.paid_at is not null
        group by booked.reporting_category, booked.currency
    """,
    found=f"""
        select
            reporting_category, currency, count(*) as booking_count, sum(net_amount * {MINOR_UNITS}) as net_cents
        from marts_build.fct_order_payments
        group by reporting_category, currency
    """,  # nosec B608
    key=("reporting_category", "currency"),
    measures=("booking_count", "net_cents"),
)

# Joined by the payment, which is where both sides exist: a webhook may still be on its way.
FCT_ORDERS_STRIPE = Reconciliation(
    table="fct_orders",
    name="fct_orders_reconciles_with_raw_webhook_messages",
    description="Every order that Stripe reported as paid has the amount and the currency that Stripe reported.",
    expected="""
        select
            orders.order_id,
            max((messages.payload #>> '{data,object,amount_received}')::numeric) as amount_cents,
            max(upper(messages.payload #>> '{data,object,currency}')) as currency
        from raw_stripe.webhook_messages as messages
        inner join raw_app.orders as orders
            on messages.payload #>> '{data,object,id}' = orders.stripe_payment_intent_id
        where messages.event_type = 'payment_intent.succeeded' and orders.paid_at is not null
        group by orders.order_id
    """,
    found=f"""
        select built.order_id, built.gross_amount * {MINOR_UNITS} as amount_cents, built.currency
        from marts_build.fct_orders as built
        where built.order_id in (
            select orders.order_id
            from raw_app.orders as orders
            inner join raw_stripe.webhook_messages as messages
                on messages.payload #>> '{{data,object,id}}' = orders.stripe_payment_intent_id
            where messages.event_type = 'payment_intent.succeeded' and orders.paid_at is not null
        )
    """,  # nosec B608
    key=("order_id",),
    measures=("amount_cents", "currency"),
)

FACT_TOTALS = """
    select *
    from (
        select 'order_count' as measure, currency, count(*)::numeric as total
        from marts_build.fct_orders where {paid_date in scope} group by currency
        union all
        select 'gross_revenue_amount', currency, sum(gross_amount)
        from marts_build.fct_orders where {paid_date in scope} group by currency
        union all
        select 'refund_count', currency, count(*)
        from marts_build.fct_refunds where {order_paid_date in scope} group by currency
        union all
        select 'refunded_amount', currency, sum(refunded_amount)
        from marts_build.fct_refunds where {order_paid_date in scope} group by currency
        union all
        select measure, 'all', total
        from (
            select count(*) as impression_count, count(*) filter (where is_clicked) as click_count,
                count(*) filter (where is_purchased) as purchased_click_count
            from marts_build.fct_impressions
            where is_counted and {served_at on scope}
        ) as counted
        cross join lateral (
            values ('impression_count', impression_count), ('click_count', click_count),
                ('purchased_click_count', purchased_click_count)
        ) as measures (measure, total)
    ) as totals
    where total <> 0
"""
PROMPT_DAYS = "agg_prompts_performance_daily"
# Each measure of the roll-ups, and the currency that it is of: traffic is no money and added over all of them.
PERFORMANCE = {
    "order_count": ("order_count", "currency"),
    "gross_revenue_amount": ("gross_revenue_amount", "currency"),
    "refund_count": ("refund_count", "currency"),
    "refunded_amount": ("refunded_amount", "currency"),
    "impression_count": ("impression_count", "'all'"),
    "click_count": ("click_count", "'all'"),
    # The share of clicks that led to an order, times the clicks, is the whole number it was made from.
    "purchased_click_count": ("round(coalesce(conversion_rate, 0) * click_count)::bigint", "'all'"),
}


def performance_totals(table: str) -> str:
    """The totals of a performance roll-up as in `FACT_TOTALS`, read once."""
    sums = ", ".join(f"sum({expression}) as {measure}" for measure, (expression, _) in PERFORMANCE.items())
    measures = ", ".join(f"('{measure}', {currency}, {measure})" for measure, (_, currency) in PERFORMANCE.items())
    return f"""
        select measures.measure, measures.currency, sum(measures.total) as total
        from (
            select currency, {sums}
            from marts_build.{table} where {{performance_date in scope}} group by currency
        ) as summed
        cross join lateral (values {measures}) as measures (measure, currency, total)
        group by measures.measure, measures.currency
        having sum(measures.total) <> 0
    """  # nosec B608


def built_days(**tables: str) -> str:
    """A scope: the days of which a row of one of these tables was built, by the column that has them."""
    return " union ".join(
        f"select {day} from marts_build.{table} where _built_at > {{built_through}}"  # nosec B608
        for table, day in tables.items()
    )


def _performance_reconciliation(table: str, *, expected: str, scope: str) -> Reconciliation:
    return Reconciliation(
        table=table,
        name=f"{table}_reconciles_with_facts",
        description="All rows together have the counts and amounts of the orders, refunds and impressions in them.",
        expected=expected,
        found=performance_totals(table),
        key=("measure", "currency"),
        measures=("total",),
        scope=scope,
    )


PROMPT_DAYS_FACTS = _performance_reconciliation(
    PROMPT_DAYS,
    expected=FACT_TOTALS,
    scope=built_days(
        fct_impressions="served_date",
        fct_orders="paid_date",
        fct_refunds="order_paid_date",
        agg_prompts_performance_daily="performance_date",
    ),
)
# The facts are read once: what has the totals of the days of prompts, which have theirs, has theirs.
WHOLES_FACTS = tuple(
    _performance_reconciliation(
        whole,
        expected=performance_totals(PROMPT_DAYS),
        scope=built_days(**dict.fromkeys((PROMPT_DAYS, whole), "performance_date")),
    )
    for whole in WHOLES
)

RANK_CONTRIBUTIONS = Reconciliation(
    table="rank_prompts",
    name="rank_prompts_contributions_add_up",
    description="The contributions of every rank add up to its score, to the millionth of a point.",
    expected="""
        select surface, segment, prompt_id, round(score::numeric, 6) as score
        from marts_build.rank_prompts
    """,
    found="""
        select surface, segment, prompt_id, round(sum((item ->> 'contribution')::numeric), 6) as score
        from marts_build.rank_prompts
        cross join lateral jsonb_array_elements(contributions) as item
        group by surface, segment, prompt_id
    """,
    key=("surface", "segment", "prompt_id"),
    measures=("score",),
)

RANK_ORDER = Reconciliation(
    table="rank_prompts",
    name="rank_prompts_follows_scores",
    description="In every list the ranks run from 1 without a gap, and no prompt stands below one with a lower score.",
    expected="""
        select surface, segment, count(*) as last_rank, 0::bigint as misplaced_count
        from marts_build.rank_prompts
        group by surface, segment
    """,
    found="""
        select surface, segment, max(rank) as last_rank, count(*) filter (where score > score_above) as misplaced_count
        from (
            select *, lag(score) over (partition by surface, segment order by rank) as score_above
            from marts_build.rank_prompts
        ) as ranks
        group by surface, segment
    """,
    key=("surface", "segment"),
    measures=("last_rank", "misplaced_count"),
)

RECONCILIATIONS = (
    FCT_ORDERS_RAW,
    FCT_ORDERS_STRIPE,
    FCT_REFUNDS_RAW,
    FCT_ORDER_PAYMENTS_RAW,
    COHORTS_RAW,
    *CATALOG_RECONCILIATIONS,
    *TRAFFIC_RECONCILIATIONS,
    *ATTRIBUTION_RECONCILIATIONS,
    *SESSION_RECONCILIATIONS,
    *WHOLE_RECONCILIATIONS,
    PROMPT_DAYS_FACTS,
    *WHOLES_FACTS,
    RANK_CONTRIBUTIONS,
    RANK_ORDER,
)
