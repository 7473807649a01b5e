{{ config(meta={'dagster': {'ref': {'name': 'agg_prompts_performance_daily'}}}) }}

{%- set facts = {
    'agg_prompts_performance_daily': 'performance_date', 'fct_impressions': 'served_date', 'fct_orders': 'paid_date',
    'fct_refunds': 'order_paid_date'
} -%}
{%- set days = untested_days(facts) -%}
-- Every fact is counted once in the performance marts, on its own day: both agree prompt by prompt, day by day.
with counted as (
    select
        prompt_id,
        performance_date,
        sum(impression_count) as impression_count,
        sum(click_count) as click_count,
        sum(order_count) as order_count,
        sum(refund_count) as refund_count
    from {{ ref('agg_prompts_performance_daily') }}
    where {{ is_one_of('performance_date', days) }}
    group by prompt_id, performance_date
),

impressions as (
    select
        prompt_id,
        served_date as performance_date,
        count(*) as impression_count,
        count(case when is_clicked then 1 end) as click_count
    from {{ ref('fct_impressions') }}
    where is_counted and {{ happened_on('served_at', days) }}
    group by prompt_id, served_date
),

orders as (
    select
        prompt_id,
        paid_date as performance_date,
        count(*) as order_count
    from {{ ref('fct_orders') }}
    where {{ is_one_of('paid_date', days) }}
    group by prompt_id, paid_date
),

refunds as (
    select
        prompt_id,
        order_paid_date as performance_date,
        count(*) as refund_count
    from {{ ref('fct_refunds') }}
    where {{ is_one_of('order_paid_date', days) }}
    group by prompt_id, order_paid_date
),

differences as (
    select
        prompt_id,
        performance_date,
        coalesce(counted.impression_count, 0) - coalesce(impressions.impression_count, 0) as impression_difference,
        coalesce(counted.click_count, 0) - coalesce(impressions.click_count, 0) as click_difference,
        coalesce(counted.order_count, 0) - coalesce(orders.order_count, 0) as order_difference,
        coalesce(counted.refund_count, 0) - coalesce(refunds.refund_count, 0) as refund_difference
    from counted
    full outer join impressions using (prompt_id, performance_date)
    full outer join orders using (prompt_id, performance_date)
    full outer join refunds using (prompt_id, performance_date)
)

select * from differences
where impression_difference <> 0 or click_difference <> 0 or order_difference <> 0 or refund_difference <> 0
