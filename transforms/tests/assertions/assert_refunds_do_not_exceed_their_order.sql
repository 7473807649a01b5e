{{ config(meta={'dagster': {'ref': {'name': 'fct_refunds'}}}) }}

-- Nobody gets back more than was paid, nor in another currency.
with refunds as (
    select
        order_id,
        currency,
        sum(refunded_amount) as refunded_amount
    from {{ ref('fct_refunds') }}
    group by order_id, currency
)

select
    refunds.order_id,
    refunds.currency,
    refunds.refunded_amount,
    orders.gross_amount,
    orders.currency as order_currency
from refunds
inner join {{ ref('fct_orders') }} as orders on refunds.order_id = orders.order_id
where refunds.refunded_amount > orders.gross_amount or refunds.currency <> orders.currency
