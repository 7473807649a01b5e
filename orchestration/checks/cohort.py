"""What must agree before marts are published: cohorts of buyers, with the raw orders and refunds."""

from orchestration.checks.reconciliation import MINOR_UNITS, Reconciliation

COHORTS_RAW = Reconciliation(
    table="agg_buyer_cohorts_monthly",
    name="agg_buyer_cohorts_monthly_reconciles_with_raw_orders",
    description="Of every cohort, month and currency, the buyers, orders and money of the application, to the cent.",
    expected="""
        with bought as (
            select
                order_id,
                buyer_organization_id,
                currency,
                amount_cents,
                date_trunc('month', paid_at at time zone 'UTC')::date as activity_month,
                min(date_trunc('month', paid_at at time zone 'UTC')::date)
                    over (partition by buyer_organization_id) as cohort_month
            from raw_app.orders
            where paid_at is not null
        ),
        sent_back as (
            select order_id, sum(amount_cents) as refunded_cents
            from raw_app.refunds where status = 'succeeded' group by order_id
        ),
        cohorts as (
            select cohort_month, count(distinct buyer_organization_id) as buyer_count from bought group by cohort_month
        ),
        retained as (
            select cohort_month, activity_month, count(distinct buyer_organization_id) as retained_buyer_count
            from bought group by cohort_month, activity_month
        )
        select
            cohort_month, activity_month, currency, buyer_count, retained_buyer_count,
            count(distinct buyer_organization_id) as active_buyer_count,
            count(*) as order_count, sum(amount_cents) as gross_cents,
            coalesce(sum(refunded_cents), 0) as refunded_cents
        from bought
        left join sent_back using (order_id)
        inner join cohorts using (cohort_month)
        inner join retained using (cohort_month, activity_month)
        group by cohort_month, activity_month, currency, buyer_count, retained_buyer_count
    """,
    found=f"""
        select
            cohort_month, activity_month, currency, buyer_count, retained_buyer_count, active_buyer_count, order_count,
            gross_revenue_amount * {MINOR_UNITS} as gross_cents, refunded_amount * {MINOR_UNITS} as refunded_cents
        from marts_build.agg_buyer_cohorts_monthly
    """,  # nosec B608
    key=("cohort_month", "activity_month", "currency"),
    measures=(
        "buyer_count", "retained_buyer_count", "active_buyer_count", "order_count", "gross_cents", "refunded_cents",
    ),
)  # fmt: skip
