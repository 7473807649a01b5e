-- A seller's figures are those of its prompts: both marts add up to the same, day by day and currency by currency.
{%- set measures = [
    'impression_count', 'click_count', 'view_count', 'checkout_count', 'order_count', 'refund_count',
    'gross_revenue_amount', 'refunded_amount', 'net_revenue_amount'
] %}

with rows_of_both as (
    select
        performance_date,
        currency,
        {% for measure in measures %}
            {{ measure }},
        {% endfor %}
        1 as factor
    from {{ ref('agg_prompts_performance_daily') }}
    union all
    select
        performance_date,
        currency,
        {% for measure in measures %}
            {{ measure }},
        {% endfor %}
        -1 as factor
    from {{ ref('agg_sellers_performance_daily') }}
),

differences as (
    select
        {% for measure in measures %}
            sum(factor * {{ measure }}) as {{ measure }},
        {% endfor %}
        performance_date,
        currency
    from rows_of_both
    group by performance_date, currency
)

select * from differences
where
    false
    {% for measure in measures %}
        or {{ measure }} <> 0
    {% endfor %}
