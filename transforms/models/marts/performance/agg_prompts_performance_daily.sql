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

{%- set facts = {
    'fct_impressions': 'served_date', 'int_visits_counted': 'visited_date', 'fct_orders': 'paid_date'
} %}

with changed_prompts as (
    select prompt_id from {{ ref('dim_prompts') }}
    where {{ built_since_last_run() }}
),

-- Days with new facts, those of refunds that came or went, and all days of a prompt that changed: its currency decides
-- on which row its traffic stands. All currencies of a day are measured together, and replace all that stood there.
changed_days as (
    {% for fact, day in facts.items() %}
        select
            prompt_id,
            {{ day }} as performance_date
        from {{ ref(fact) }}
        where {{ built_since_last_run() }}
        union
        select
            facts.prompt_id,
            facts.{{ day }} as performance_date
        from {{ ref(fact) }} as facts
        inner join changed_prompts on facts.prompt_id = changed_prompts.prompt_id
        union
    {% endfor %}
    select
        prompt_id,
        order_paid_date as performance_date
    from {{ ref('int_refunds_matched') }}
    where {{ built_since_last_run() }}
),

impressions as (
    select
        prompt_id,
        served_date as performance_date,
        count(*) as impression_count,
        count(case when is_clicked then 1 end) as click_count,
        count(case when is_purchased then 1 end) as purchased_impression_count,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('fct_impressions') }}
    where (prompt_id, served_date) in (select changed_days.* from changed_days) and is_counted
    group by prompt_id, served_date
),

visits as (
    select
        *,
        visited_date as performance_date
    from {{ ref('int_visits_counted') }}
    where (prompt_id, visited_date) in (select changed_days.* from changed_days)
),

orders as (
    select
        prompt_id,
        paid_date as performance_date,
        currency,
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
        count(*) as refund_count,
        sum(refunded_amount) as refunded_amount,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('fct_refunds') }}
    where (prompt_id, order_paid_date) in (select changed_days.* from changed_days)
    group by prompt_id, order_paid_date, currency
),

-- Traffic of a prompt that is not loaded yet waits for it.
traffic as (
    select
        prompt_id,
        performance_date,
        prompts.currency,
        impressions.impression_count,
        impressions.click_count,
        impressions.purchased_impression_count,
        visits.view_count,
        visits.unique_viewer_count,
        visits.checkout_count,
        greatest(impressions._source_loaded_at, visits._source_loaded_at) as _source_loaded_at
    from impressions
    full outer join visits using (prompt_id, performance_date)
    inner join {{ ref('dim_prompts') }} as prompts using (prompt_id)
),

final as (
    select
        prompt_id,
        performance_date,
        currency,
        coalesce(traffic.impression_count, 0) as impression_count,
        coalesce(traffic.click_count, 0) as click_count,
        coalesce(traffic.view_count, 0) as view_count,
        coalesce(traffic.unique_viewer_count, 0) as unique_viewer_count,
        coalesce(traffic.checkout_count, 0) as checkout_count,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(refunds.refund_count, 0) as refund_count,
        cast(coalesce(orders.gross_revenue_amount, 0) as numeric(18, 2)) as gross_revenue_amount,
        cast(coalesce(refunds.refunded_amount, 0) as numeric(18, 2)) as refunded_amount,
        cast(
            coalesce(orders.gross_revenue_amount, 0) - coalesce(refunds.refunded_amount, 0) as numeric(18, 2)
        ) as net_revenue_amount,
        {{ rate('traffic.click_count', 'traffic.impression_count') }} as click_through_rate,
        {{ rate('traffic.purchased_impression_count', 'traffic.click_count') }} as conversion_rate,
        greatest(traffic._source_loaded_at, orders._source_loaded_at, refunds._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from traffic
    full outer join orders using (prompt_id, performance_date, currency)
    full outer join refunds using (prompt_id, performance_date, currency)
)

select * from final
