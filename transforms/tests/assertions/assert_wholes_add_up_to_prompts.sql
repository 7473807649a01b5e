{{ config(meta={'dagster': {'ref': {'name': 'agg_prompts_performance_daily'}}}) }}

-- A whole's figures are those of its prompts: each mart adds up to the same, day by day and currency by currency.
{%- set measures = [
    'impression_count', 'click_count', 'view_count', 'checkout_count', 'order_count', 'refund_count',
    'gross_revenue_amount', 'refunded_amount', 'net_revenue_amount'
] %}

{%- set wholes = ['agg_sellers_performance_daily', 'agg_categories_performance_daily', 'agg_marketplace_daily'] %}

{%- set marts = {'agg_prompts_performance_daily': 'performance_date'} -%}
{%- for whole in wholes -%}{%- do marts.update({whole: 'performance_date'}) -%}{%- endfor %}
{%- set days = untested_days(marts) %}

with signed_rows as (
    {% for whole in wholes %}
        {% for mart, factor in [('agg_prompts_performance_daily', 1), (whole, -1)] %}
            select
                '{{ whole }}' as whole,
                performance_date,
                currency,
                {% for measure in measures %}
                    {{ measure }},
                {% endfor %}
                {{ factor }} as factor
            from {{ ref(mart) }}
            where {{ is_one_of('performance_date', days) }}
            {{ 'union all' if not loop.last }}
        {% endfor %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

differences as (
    select
        {% for measure in measures %}
            sum(factor * {{ measure }}) as {{ measure }},
        {% endfor %}
        whole,
        performance_date,
        currency
    from signed_rows
    group by whole, performance_date, currency
)

select * from differences
where
    false
    {% for measure in measures %}
        or {{ measure }} <> 0
    {% endfor %}
