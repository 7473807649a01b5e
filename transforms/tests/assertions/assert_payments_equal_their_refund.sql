{{ config(meta={'dagster': {'ref': {'name': 'fct_order_payments'}}}) }}

-- What Stripe gave back is what the refund says, to the cent. A refund that failed afterwards was booked all the same.
select
    refunds.refund_id,
    refunds.amount_cents,
    refunds.currency,
    booked.balance_transaction_id,
    booked.order_amount,
    booked.order_currency
from {{ ref('fct_order_payments') }} as booked
inner join {{ ref('stg_app__refunds') }} as refunds on booked.stripe_source_id = refunds.stripe_refund_id
where
    booked.reporting_category = 'refund'
    and (
        {{ amount('refunds.amount_cents', 'refunds.currency') }} is distinct from -booked.order_amount
        or refunds.currency is distinct from booked.order_currency
    )
