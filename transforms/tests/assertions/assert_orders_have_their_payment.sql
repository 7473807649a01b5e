{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}

-- Stripe's ledger is read a moment after an order was paid. An order it says nothing of after an hour was paid in
-- another account, or the ledger is not read. Imported and free orders have no payment at Stripe.
select
    orders.order_id,
    orders.paid_at
from {{ ref('fct_orders') }} as orders
left join {{ ref('fct_order_payments') }} as payments
    on orders.order_id = payments.order_id and payments.reporting_category = 'charge'
where
    orders.provider = 'stripe'
    and orders.gross_amount > 0
    and payments.order_id is null
    and orders.paid_at < current_timestamp - interval '1 hour'
