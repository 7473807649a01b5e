{{
    config(
        unique_key=['prompt_id', 'performance_date'],
        indexes=[
            {'columns': ['prompt_id', 'performance_date', 'currency'], 'unique': true},
            {'columns': ['_built_at']},
        ],
    )
}}

-- A refund counts on the day of the order it reverses. One that counts no more leaves that day changed, too.
with changed_days as (
    select
        prompt_id,
        paid_date as performance_date
    from {{ ref('fct_orders') }}
    where {{ built_since_last_run() }}
    union
    select
        prompt_id,
        order_paid_date as performance_date
    from {{ ref('int_refunds_matched') }}
    where {{ built_since_last_run() }}
),

orders as (
    select
        prompt_id,
        paid_date as performance_date,
        currency,
        max(seller_organization_id) as seller_organization_id,
        count(*) as order_count,
        sum(gross_amount) as gross_revenue_amount,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('fct_orders') }}
    where (prompt_id, paid_date) in (select changed_days.* from changed_days)
    group by prompt_id, paid_date, currency
),

refunds as (
    select
        prompt_id,
        order_paid_date as performance_date,
        currency,
        max(seller_organization_id) as seller_organization_id,
        count(*) as refund_count,
        sum(refunded_amount) as refunded_amount,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('fct_refunds') }}
    where (prompt_id, order_paid_date) in (select changed_days.* from changed_days)
    group by prompt_id, order_paid_date, currency
),

final as (
    select
        prompt_id,
        coalesce(orders.seller_organization_id, refunds.seller_organization_id) as seller_organization_id,
        currency,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(refunds.refund_count, 0) as refund_count,
        cast(coalesce(orders.gross_revenue_amount, 0) as numeric(18, 2)) as gross_revenue_amount,
        cast(coalesce(refunds.refunded_amount, 0) as numeric(18, 2)) as refunded_amount,
        performance_date,
        greatest(orders._source_loaded_at, refunds._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from orders
    full outer join refunds using (prompt_id, performance_date, currency)
)

select * from final
