{{
    config(
        unique_key=['source', 'event_id'],
        indexes=[
            {'columns': ['source', 'event_id'], 'unique': true},
            {'columns': ['started_date', 'prompt_id']},
            {'columns': ['order_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with orders as (
    select * from {{ ref('stg_app__orders') }}
),

events as (
    select
        source,
        event_id,
        prompt_id,
        {{ json_text('properties', 'order_id') }} as order_id,
        occurred_at as started_at,
        _loaded_at as _source_loaded_at
    from {{ ref('stg_events__events') }}
    where
        event_name = 'checkout.started'
        and {{ is_counted_event() }}
        and {{ loaded_since_last_run() }}
),

{% if is_incremental() %}
    changed_orders as (
        select order_id from {{ ref('stg_app__orders') }}
        where {{ loaded_since_last_run() }}
    ),
{% endif %}

checkouts as (
    select * from events
    {% if is_incremental() %}
        -- Those that named no prompt, and whose order arrived later.
        union all
        select
            earlier.source,
            earlier.event_id,
            earlier.prompt_id,
            earlier.order_id,
            earlier.started_at,
            earlier._source_loaded_at
        from {{ this }} as earlier
        inner join changed_orders on earlier.order_id = changed_orders.order_id
        where
            earlier.prompt_id is null
            and not exists (
                select 1 from events
                where events.source = earlier.source and events.event_id = earlier.event_id
            )
    {% endif %}
),

final as (
    select
        checkouts.source,
        checkouts.event_id,
        checkouts.order_id,
        coalesce(checkouts.prompt_id, orders.prompt_id) as prompt_id,
        {{ utc_date('checkouts.started_at') }} as started_date,
        checkouts.started_at,
        greatest(
            checkouts._source_loaded_at,
            case when checkouts.prompt_id is null then orders._loaded_at end
        ) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from checkouts
    left join orders on checkouts.order_id = orders.order_id
)

select * from final
