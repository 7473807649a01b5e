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

with orders as (
    select * from {{ ref('stg_app__orders') }}
),

{% if is_incremental() %}
    changed_orders as (
        select order_id from {{ ref('stg_app__orders') }}
        where {{ loaded_since_last_run() }}
    ),

    changed_refunds as (
        select refund_id from {{ ref('stg_app__refunds') }}
        where {{ loaded_since_last_run() }}
        union
        -- Its order arrived later, or was paid later than we heard of it.
        select matched.refund_id
        from {{ this }} as matched
        inner join changed_orders on matched.order_id = changed_orders.order_id
        where not matched.is_counted
    ),
{% endif %}

refunds as (
    select * from {{ ref('stg_app__refunds') }}
    {% if is_incremental() %}
        where refund_id in (select changed_refunds.refund_id from changed_refunds)
    {% endif %}
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
