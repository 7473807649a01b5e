{#-
    The steps of a model that tells the performance of a whole, of which the last is `measured`: what the days of its
    prompts add up to, with who can't be added counted anew. `group` names what a row is of besides the day and
    the currency, with its expression over dim_prompts as `prompts`. A day of which any prompt changed is measured as a
    whole, so a prompt that moved from one group to another leaves the one and is in the other. With `is_for_ever` no
    prompt moves, and of a day the groups of the prompts that changed are measured. `has_parties` adds who bought and sold.

    Most days that change are over, and got an order or a refund. Who looked at their prompts is not counted again.
-#}
{% macro measured_days(group, is_for_ever=false, has_parties=true) -%}
    {%- set key = group.keys() | list + ['performance_date', 'currency'] -%}
    {%- set named = [] -%}
    {%- set whole_day = (group.keys() | list if is_for_ever else []) + ['performance_date'] -%}
    {%- set same = ['days.prompt_id = prompts.prompt_id'] -%}
    {%- for column, expression in group.items() -%}
        {%- do named.append(expression ~ ' as ' ~ column) -%}
        {%- if is_for_ever -%}{%- do same.append('changed_days.' ~ column ~ ' = ' ~ expression) -%}{%- endif -%}
    {%- endfor -%}
    changed_prompt_days as (
        select * from {{ ref('agg_prompts_performance_daily') }}
        where {{ built_since_last_run() }}
    ),

    changed_days as (
        select distinct
            {{ ((named if is_for_ever else []) + ['changed_prompt_days.performance_date']) | join(', ') }}
        from changed_prompt_days
        inner join {{ ref('dim_prompts') }} as prompts on changed_prompt_days.prompt_id = prompts.prompt_id
    ),

    {{ visited_days(named if is_for_ever else []) }}

    days as (
        select
            {{ (named + ['days.*']) | join(', ') }}
        from changed_days
        inner join {{ ref('agg_prompts_performance_daily') }} as days
            on changed_days.performance_date = days.performance_date
        inner join {{ ref('dim_prompts') }} as prompts
            on {{ same | join(' and ') }}
    ),

    -- Traffic stands on the row of the prompt's list currency; whoever looked at two prompts of a row is one person.
    counted_viewers as (
        select
            {{ columns_of('days', key) }},
            count(distinct views.person_id) as unique_viewer_count
        from days
        inner join {{ ref('int_views_identified') }} as views
            on days.prompt_id = views.prompt_id and days.performance_date = views.viewed_date
        where
            days.view_count > 0
            {% if is_incremental() %}
                and ({{ columns_of('days', whole_day) }}) in (select visited_days.* from visited_days)
            {% endif %}
        group by {{ columns_of('days', key) }}
    ),

    viewers as (
        select * from counted_viewers
        {% if is_incremental() %}
            union all
            select
                {{ columns_of('earlier', key) }},
                earlier.unique_viewer_count
            from {{ this }} as earlier
            where
                earlier.performance_date in (select changed_days.performance_date from changed_days)
                and ({{ columns_of('earlier', whole_day) }}) not in (select visited_days.* from visited_days)
        {% endif %}
    ),

    {% if has_parties %}
    parties as (
        select
            {{ columns_of('days', key) }},
            count(distinct orders.buyer_organization_id) as unique_buyer_count,
            count(distinct orders.seller_organization_id) as active_seller_count
        from days
        inner join {{ ref('fct_orders') }} as orders
            on
                days.prompt_id = orders.prompt_id
                and days.performance_date = orders.paid_date
                and days.currency = orders.currency
        group by {{ columns_of('days', key) }}
    ),
    {% endif %}

    summed as (
        select
            {{ key | join(', ') }},
            cast(sum(impression_count) as bigint) as impression_count,
            cast(sum(click_count) as bigint) as click_count,
            -- A prompt's rate is of its clicks, so the two make a whole number again.
            sum(round(conversion_rate * click_count)) as purchased_impression_count,
            cast(sum(view_count) as bigint) as view_count,
            cast(sum(checkout_count) as bigint) as checkout_count,
            cast(sum(order_count) as bigint) as order_count,
            cast(sum(refund_count) as bigint) as refund_count,
            cast(sum(gross_revenue_amount) as numeric(18, 2)) as gross_revenue_amount,
            cast(sum(refunded_amount) as numeric(18, 2)) as refunded_amount,
            cast(sum(net_revenue_amount) as numeric(18, 2)) as net_revenue_amount,
            max(_source_loaded_at) as _source_loaded_at
        from days
        group by {{ key | join(', ') }}
    ),

    measured as (
        select
            {{ key | join(', ') }},
            summed.impression_count,
            summed.click_count,
            summed.view_count,
            coalesce(viewers.unique_viewer_count, 0) as unique_viewer_count,
            summed.checkout_count,
            summed.order_count,
            {% if has_parties %}
                coalesce(parties.unique_buyer_count, 0) as unique_buyer_count,
                coalesce(parties.active_seller_count, 0) as active_seller_count,
            {% endif %}
            summed.refund_count,
            summed.gross_revenue_amount,
            summed.refunded_amount,
            summed.net_revenue_amount,
            {{ rate('summed.click_count', 'summed.impression_count') }} as click_through_rate,
            {{ rate('coalesce(summed.purchased_impression_count, 0)', 'summed.click_count') }} as conversion_rate,
            summed._source_loaded_at
        from summed
        left join viewers using ({{ key | join(', ') }})
        {% if has_parties %}
            left join parties using ({{ key | join(', ') }})
        {% endif %}
    )
{% endmacro %}
