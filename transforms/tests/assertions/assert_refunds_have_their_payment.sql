{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_order_payments'}}}) }}

-- What went back for a refund is its amount, and nothing in the end when it failed: Stripe books what came back anew.
with booked as (
    select
        stripe_source_id,
        -sum(order_amount) as booked_amount
    from {{ ref('fct_order_payments') }}
    group by stripe_source_id
),

refunds as (
    select
        refund_id,
        stripe_refund_id,
        updated_at,
        case when status = 'succeeded' then {{ amount('amount_cents', 'currency') }} else 0 end as refunded_amount
    from {{ ref('stg_app__refunds') }}
    where stripe_refund_id is not null and status <> 'pending'
)

select
    refunds.refund_id,
    refunds.refunded_amount,
    booked.booked_amount
from refunds
left join booked on refunds.stripe_refund_id = booked.stripe_source_id
where
    refunds.refunded_amount <> coalesce(booked.booked_amount, 0)
    and refunds.updated_at < current_timestamp - interval '1 hour'
