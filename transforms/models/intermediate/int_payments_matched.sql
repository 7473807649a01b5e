{{
    config(
        unique_key='balance_transaction_id',
        indexes=[
            {'columns': ['balance_transaction_id'], 'unique': true},
            {'columns': ['payment_intent_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- Of a payment, the order may arrive later, or hear of it later.
{%- set late_orders = [[
    newly_loaded(ref('stg_app__orders')),
    'earlier.payment_intent_id = changed.stripe_payment_intent_id',
    'not earlier.is_counted',
]] %}

with orders as (
    select * from {{ ref('stg_app__orders') }}
    where stripe_payment_intent_id is not null
),

-- Payouts and the provider's own fees belong to no payment.
bookings as (
    select * from {{ ref('stg_stripe__balance_transactions') }}
    where
        payment_intent_id is not null
        and {{ is_changed('balance_transaction_id', ref('stg_stripe__balance_transactions'), late_orders) }}
),

final as (
    select
        bookings.balance_transaction_id,
        bookings.payment_intent_id,
        bookings.source_id,
        bookings.reporting_category,
        orders.order_id,
        orders.prompt_id,
        orders.buyer_organization_id,
        orders.seller_organization_id,
        bookings.currency,
        bookings.source_currency,
        bookings.amount_cents,
        bookings.fee_cents,
        bookings.net_cents,
        bookings.source_amount_cents,
        bookings.exchange_rate,
        orders.paid_at is not null as is_counted,
        orders.paid_at,
        bookings.booked_at,
        bookings.available_at,
        greatest(bookings._loaded_at, orders._loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from bookings
    left join orders on bookings.payment_intent_id = orders.stripe_payment_intent_id
)

select * from final
