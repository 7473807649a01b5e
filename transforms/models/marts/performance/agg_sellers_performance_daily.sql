{{
    config(
        unique_key=['seller_organization_id', 'performance_date'],
        indexes=[
            {'columns': ['seller_organization_id', 'performance_date', 'currency'], 'unique': true},
            {'columns': ['performance_date']},
            {'columns': ['_built_at']},
        ],
    )
}}

with changed_prompt_days as (
    select * from {{ ref('agg_prompts_performance_daily') }}
    where {{ built_since_last_run() }}
),

changed_days as (
    select distinct
        prompts.seller_organization_id,
        changed_prompt_days.performance_date
    from changed_prompt_days
    inner join {{ ref('dim_prompts') }} as prompts on changed_prompt_days.prompt_id = prompts.prompt_id
),

days as (
    select
        days.*,
        changed_days.seller_organization_id
    from changed_days
    inner join {{ ref('dim_prompts') }} as prompts
        on changed_days.seller_organization_id = prompts.seller_organization_id
    inner join {{ ref('agg_prompts_performance_daily') }} as days
        on prompts.prompt_id = days.prompt_id and changed_days.performance_date = days.performance_date
),

-- Somebody who looked at two prompts of a seller is one viewer of the seller.
viewers as (
    select
        days.seller_organization_id,
        days.performance_date,
        days.currency,
        count(distinct views.person_id) as unique_viewer_count
    from days
    inner join {{ ref('int_views_identified') }} as views
        on days.prompt_id = views.prompt_id and days.performance_date = views.viewed_date
    where days.view_count > 0
    group by days.seller_organization_id, days.performance_date, days.currency
),

purchases as (
    select
        days.seller_organization_id,
        days.performance_date,
        days.currency,
        count(*) as purchased_impression_count
    from days
    inner join {{ ref('fct_impressions') }} as impressions
        on days.prompt_id = impressions.prompt_id and days.performance_date = impressions.served_date
    where days.click_count > 0 and impressions.is_purchased and impressions.is_counted
    group by days.seller_organization_id, days.performance_date, days.currency
),

summed as (
    select
        seller_organization_id,
        performance_date,
        currency,
        cast(sum(impression_count) as bigint) as impression_count,
        cast(sum(click_count) as bigint) as click_count,
        cast(sum(view_count) as bigint) as view_count,
        cast(sum(checkout_count) as bigint) as checkout_count,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(refund_count) as bigint) as refund_count,
        cast(sum(gross_revenue_amount) as numeric(18, 2)) as gross_revenue_amount,
        cast(sum(refunded_amount) as numeric(18, 2)) as refunded_amount,
        cast(sum(net_revenue_amount) as numeric(18, 2)) as net_revenue_amount,
        max(_source_loaded_at) as _source_loaded_at
    from days
    group by seller_organization_id, performance_date, currency
),

final as (
    select
        seller_organization_id,
        performance_date,
        currency,
        summed.impression_count,
        summed.click_count,
        summed.view_count,
        coalesce(viewers.unique_viewer_count, 0) as unique_viewer_count,
        summed.checkout_count,
        summed.order_count,
        summed.refund_count,
        summed.gross_revenue_amount,
        summed.refunded_amount,
        summed.net_revenue_amount,
        {{ rate('summed.click_count', 'summed.impression_count') }} as click_through_rate,
        {{ rate('coalesce(purchases.purchased_impression_count, 0)', 'summed.click_count') }} as conversion_rate,
        summed._source_loaded_at,
        {{ built_at() }} as _built_at
    from summed
    left join viewers using (seller_organization_id, performance_date, currency)
    left join purchases using (seller_organization_id, performance_date, currency)
)

select * from final
