{{
    config(
        unique_key=['prompt_id', 'performance_date'],
        indexes=[
            {'columns': ['prompt_id', 'performance_date', 'currency'], 'unique': true},
            {'columns': ['seller_organization_id', 'performance_date']},
            {'columns': ['_built_at']},
        ],
    )
}}

with prompts as (
    select * from {{ ref('dim_prompts') }}
),

-- The currency of a prompt decides on which row its traffic stands: all its days are measured again when it changes.
changed_prompts as (
    select prompt_id from {{ ref('dim_prompts') }}
    where {{ built_since_last_run() }}
),

changed_days as (
    select
        prompt_id,
        performance_date
    from {{ ref('int_traffic_days_counted') }}
    where {{ built_since_last_run() }}
    union
    select
        prompt_id,
        performance_date
    from {{ ref('int_sales_days_summed') }}
    where {{ built_since_last_run() }}
    union
    select
        days.prompt_id,
        days.performance_date
    from {{ ref('int_traffic_days_counted') }} as days
    inner join changed_prompts on days.prompt_id = changed_prompts.prompt_id
),

traffic as (
    select
        days.*,
        prompts.seller_organization_id,
        prompts.currency
    from {{ ref('int_traffic_days_counted') }} as days
    inner join changed_days
        on days.prompt_id = changed_days.prompt_id and days.performance_date = changed_days.performance_date
    -- Traffic of a prompt that is not loaded yet waits for it.
    inner join prompts on days.prompt_id = prompts.prompt_id
),

sales as (
    select days.*
    from {{ ref('int_sales_days_summed') }} as days
    inner join changed_days
        on days.prompt_id = changed_days.prompt_id and days.performance_date = changed_days.performance_date
),

final as (
    select
        prompt_id,
        coalesce(traffic.seller_organization_id, sales.seller_organization_id) as seller_organization_id,
        currency,
        coalesce(traffic.impression_count, 0) as impression_count,
        coalesce(traffic.click_count, 0) as click_count,
        coalesce(traffic.purchased_impression_count, 0) as purchased_impression_count,
        coalesce(traffic.view_count, 0) as view_count,
        coalesce(traffic.unique_viewer_count, 0) as unique_viewer_count,
        coalesce(traffic.checkout_count, 0) as checkout_count,
        coalesce(sales.order_count, 0) as order_count,
        coalesce(sales.refund_count, 0) as refund_count,
        cast(coalesce(sales.gross_revenue_amount, 0) as numeric(18, 2)) as gross_revenue_amount,
        cast(coalesce(sales.refunded_amount, 0) as numeric(18, 2)) as refunded_amount,
        performance_date,
        greatest(traffic._source_loaded_at, sales._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from traffic
    full outer join sales using (prompt_id, performance_date, currency)
)

select * from final
