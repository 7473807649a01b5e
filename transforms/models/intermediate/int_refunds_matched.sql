{{
    config(
        unique_key='refund_id',
        indexes=[
            {'columns': ['refund_id'], 'unique': true},
            {'columns': ['order_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- Of a refund, the order may arrive later, or be paid later than we hear of it.
{%- set late_orders = [[
    newly_loaded(ref('stg_app__orders')), 'earlier.order_id = changed.order_id', 'not earlier.is_counted',
]] %}

with orders as (
    select * from {{ ref('stg_app__orders') }}
),

refunds as (
    select * from {{ ref('stg_app__refunds') }}
    where {{ is_changed('refund_id', ref('stg_app__refunds'), late_orders) }}
),

final as (
    select
        refunds.refund_id,
        refunds.order_id,
        orders.prompt_id,
        orders.buyer_organization_id,
        orders.seller_organization_id,
        refunds.currency,
        refunds.status,
        refunds.reason,
        refunds.amount_cents,
        refunds.status = 'succeeded' and orders.paid_at is not null as is_counted,
        {{ utc_date('orders.paid_at') }} as order_paid_date,
        refunds.refunded_at,
        greatest(refunds._loaded_at, orders._loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from refunds
    left join orders on refunds.order_id = orders.order_id
)

select * from final
