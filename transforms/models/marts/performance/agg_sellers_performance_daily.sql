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

with changed_days as (
    select distinct
        seller_organization_id,
        performance_date
    from {{ ref('int_prompt_days_measured') }}
    where {{ built_since_last_run() }}
),

days as (
    select days.*
    from {{ ref('int_prompt_days_measured') }} as days
    inner join changed_days
        on
            days.seller_organization_id = changed_days.seller_organization_id
            and days.performance_date = changed_days.performance_date
),

-- Somebody who looked at two prompts of a seller is one viewer of the seller.
viewers as (
    select
        days.seller_organization_id,
        days.performance_date,
        days.currency,
        count(distinct views.visitor_id) as unique_viewer_count
    from days
    inner join {{ ref('int_views_identified') }} as views
        on days.prompt_id = views.prompt_id and days.performance_date = views.viewed_date
    where days.view_count > 0
    group by days.seller_organization_id, days.performance_date, days.currency
),

summed as (
    select
        seller_organization_id,
        performance_date,
        currency,
        sum(impression_count) as impression_count,
        sum(click_count) as click_count,
        sum(purchased_impression_count) as purchased_impression_count,
        sum(view_count) as view_count,
        sum(checkout_count) as checkout_count,
        sum(order_count) as order_count,
        sum(refund_count) as refund_count,
        sum(gross_revenue_amount) as gross_revenue_amount,
        sum(refunded_amount) as refunded_amount,
        max(_source_loaded_at) as _source_loaded_at
    from days
    group by seller_organization_id, performance_date, currency
),

final as (
    select
        summed.seller_organization_id,
        summed.performance_date,
        summed.currency,
        cast(summed.impression_count as bigint) as impression_count,
        cast(summed.click_count as bigint) as click_count,
        cast(summed.view_count as bigint) as view_count,
        coalesce(viewers.unique_viewer_count, 0) as unique_viewer_count,
        cast(summed.checkout_count as bigint) as checkout_count,
        cast(summed.order_count as bigint) as order_count,
        cast(summed.refund_count as bigint) as refund_count,
        cast(summed.gross_revenue_amount as numeric(18, 2)) as gross_revenue_amount,
        cast(summed.refunded_amount as numeric(18, 2)) as refunded_amount,
        cast(summed.gross_revenue_amount - summed.refunded_amount as numeric(18, 2)) as net_revenue_amount,
        {{ rate('summed.click_count', 'summed.impression_count') }} as click_through_rate,
        {{ rate('summed.purchased_impression_count', 'summed.click_count') }} as conversion_rate,
        summed._source_loaded_at,
        {{ built_at() }} as _built_at
    from summed
    left join viewers
        on
            summed.seller_organization_id = viewers.seller_organization_id
            and summed.performance_date = viewers.performance_date
            and summed.currency = viewers.currency
)

select * from final
