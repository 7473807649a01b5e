{{
    config(
        unique_key='cohort_month',
        indexes=[
            {'columns': ['cohort_month', 'activity_month', 'currency'], 'unique': true},
            {'columns': ['_built_at']},
        ],
        post_hook="delete from {{ this }} where cohort_month not in (select cohort_month from "
        ~ "{{ ref('int_buyers_summed') }})",
    )
}}

-- Cohorts a buyer is in now, or was counted in before an earlier order of it arrived.
with changed_buyers as (
    select distinct
        cohort_month,
        latest_cohort_month
    from {{ ref('int_buyers_summed') }}
    where {{ built_since_last_run() }}
),

changed_cohorts as (
    select distinct months.cohort_month
    from {{ ref('int_buyers_summed') }} as months
    inner join changed_buyers
        on
            months.cohort_month >= changed_buyers.cohort_month
            and months.cohort_month <= changed_buyers.latest_cohort_month
),

months as (
    select * from {{ ref('int_buyers_summed') }}
    where cohort_month in (select changed_cohorts.cohort_month from changed_cohorts)
),

cohorts as (
    select
        cohort_month,
        count(distinct buyer_organization_id) as buyer_count
    from months
    group by cohort_month
),

retained as (
    select
        cohort_month,
        activity_month,
        count(distinct buyer_organization_id) as retained_buyer_count
    from months
    group by cohort_month, activity_month
),

summed as (
    select
        cohort_month,
        activity_month,
        currency,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(gross_revenue_amount) as numeric(18, 2)) as gross_revenue_amount,
        cast(sum(refunded_amount) as numeric(18, 2)) as refunded_amount,
        cast(sum(gross_revenue_amount) - sum(refunded_amount) as numeric(18, 2)) as net_revenue_amount,
        count(*) as active_buyer_count,
        max(_source_loaded_at) as _source_loaded_at
    from months
    group by cohort_month, activity_month, currency
),

final as (
    select
        summed.cohort_month,
        summed.activity_month,
        {{ months_between('summed.cohort_month', 'summed.activity_month') }} as months_since_first_order,
        summed.currency,
        cohorts.buyer_count,
        retained.retained_buyer_count,
        summed.active_buyer_count,
        summed.order_count,
        summed.gross_revenue_amount,
        summed.refunded_amount,
        summed.net_revenue_amount,
        {{ rate('retained.retained_buyer_count', 'cohorts.buyer_count') }} as retention_share,
        summed._source_loaded_at,
        {{ built_at() }} as _built_at
    from summed
    inner join cohorts on summed.cohort_month = cohorts.cohort_month
    inner join retained
        on summed.cohort_month = retained.cohort_month and summed.activity_month = retained.activity_month
)

select * from final
