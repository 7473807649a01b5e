{{
    config(
        unique_key=['prompt_id', 'performance_date'],
        indexes=[
            {'columns': ['prompt_id', 'performance_date', 'currency'], 'unique': true},
            {'columns': ['performance_date']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- All currencies of a day are measured together, and replace all that stood there.
with days as (
    select * from {{ ref('int_prompt_days_measured') }}
    where {{ built_since_last_run() }}
),

final as (
    select
        prompt_id,
        performance_date,
        currency,
        impression_count,
        click_count,
        view_count,
        unique_viewer_count,
        checkout_count,
        order_count,
        refund_count,
        gross_revenue_amount,
        refunded_amount,
        cast(gross_revenue_amount - refunded_amount as numeric(18, 2)) as net_revenue_amount,
        {{ rate('click_count', 'impression_count') }} as click_through_rate,
        {{ rate('purchased_impression_count', 'click_count') }} as conversion_rate,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from days
)

select * from final
