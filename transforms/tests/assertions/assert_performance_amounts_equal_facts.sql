{{ config(meta={'dagster': {'ref': {'name': 'agg_prompts_performance_daily'}}}) }}

-- All money of the facts is in the performance marts, prompt by prompt and currency by currency.
with summed as (
    select
        prompt_id,
        currency,
        sum(gross_revenue_amount) as gross_amount,
        sum(refunded_amount) as refunded_amount
    from {{ ref('agg_prompts_performance_daily') }}
    group by prompt_id, currency
),

orders as (
    select
        prompt_id,
        currency,
        sum(gross_amount) as gross_amount
    from {{ ref('fct_orders') }}
    group by prompt_id, currency
),

refunds as (
    select
        prompt_id,
        currency,
        sum(refunded_amount) as refunded_amount
    from {{ ref('fct_refunds') }}
    group by prompt_id, currency
),

differences as (
    select
        prompt_id,
        currency,
        coalesce(summed.gross_amount, 0) - coalesce(orders.gross_amount, 0) as gross_difference,
        coalesce(summed.refunded_amount, 0) - coalesce(refunds.refunded_amount, 0) as refunded_difference
    from summed
    full outer join orders using (prompt_id, currency)
    full outer join refunds using (prompt_id, currency)
)

select * from differences
where gross_difference <> 0 or refunded_difference <> 0
