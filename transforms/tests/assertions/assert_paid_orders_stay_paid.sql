{{ config(meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}

-- The day of an order never changes, and an order that was paid is never unpaid again: the marts rely on it when they
-- recompute only the days that changed. So what was booked must still be what the application says.
select
    booked.order_id,
    booked.paid_at as booked_paid_at,
    orders.paid_at,
    orders.status
from {{ ref('fct_orders') }} as booked
left join {{ ref('stg_app__orders') }} as orders on booked.order_id = orders.order_id
where orders.paid_at is distinct from booked.paid_at
