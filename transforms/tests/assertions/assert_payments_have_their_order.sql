{{ config(severity='warn') }}

-- Money at Stripe that no paid order knows after an hour: an order that was lost, or another use of the account.
select
    balance_transaction_id,
    payment_intent_id,
    order_id,
    booked_at
from {{ ref('int_payments_matched') }}
where not is_counted and booked_at < current_timestamp - interval '1 hour'
