{{ config(meta={'dagster': {'ref': {'name': 'fct_order_payments'}}}) }}

-- What Stripe took for an order is what the order says, to the cent: amount and currency, and the fee where Stripe
-- booked in the order's currency and has said it. Joined where both exist: a payment that is not here yet is counted
-- elsewhere.
with taken as (
    select
        order_id,
        order_currency,
        currency,
        sum(order_amount) as order_amount,
        sum(fee_amount) as fee_amount
    from {{ ref('fct_order_payments') }}
    where reporting_category = 'charge'
    group by order_id, order_currency, currency
)

select
    orders.order_id,
    orders.gross_amount,
    orders.currency,
    orders.fee_amount,
    taken.order_amount as taken_amount,
    taken.order_currency as taken_currency,
    taken.fee_amount as taken_fee_amount
from taken
inner join {{ ref('fct_orders') }} as orders on taken.order_id = orders.order_id
where
    orders.gross_amount is distinct from taken.order_amount
    or orders.currency is distinct from taken.order_currency
    or (orders.currency = taken.currency and orders.fee_amount <> taken.fee_amount)
