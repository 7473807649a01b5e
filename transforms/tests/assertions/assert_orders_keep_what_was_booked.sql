{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}

-- What Stripe moved for an order, all kinds of bookings together but for those of disputes, is what was paid less what
-- was refunded. Money that went by a kind of booking nobody knows is in no figure of revenue and told here; what banks
-- take in a dispute and give back is no refund, and can be read in the mart itself. The hour is for what is under way:
-- a refund is known as soon as Stripe has taken it on, and booked in the ledger when that is read next.
with booked as (
    select
        order_id,
        order_currency,
        sum(
            case when reporting_category in ('dispute', 'dispute_reversal') then 0 else order_amount end
        ) as booked_amount,
        max(booked_at) as last_booked_at,
        count(case when reporting_category = 'charge' then 1 end) as charge_count
    from {{ ref('fct_order_payments') }}
    group by order_id, order_currency
),

refunds as (
    select
        order_id,
        sum(refunded_amount) as refunded_amount,
        max(refunded_at) as last_refunded_at
    from {{ ref('fct_refunds') }}
    group by order_id
)

select
    orders.order_id,
    orders.currency,
    booked.booked_amount,
    orders.gross_amount - coalesce(refunds.refunded_amount, 0) as kept_amount
from booked
inner join {{ ref('fct_orders') }} as orders on booked.order_id = orders.order_id
left join refunds on booked.order_id = refunds.order_id
where
    booked.charge_count > 0
    and greatest(booked.last_booked_at, coalesce(refunds.last_refunded_at, booked.last_booked_at))
    < current_timestamp - interval '1 hour'
    and (
        booked.order_currency is distinct from orders.currency
        or booked.booked_amount is distinct from orders.gross_amount - coalesce(refunds.refunded_amount, 0)
    )
