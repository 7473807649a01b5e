{{
    config(
        unique_key=['source', 'event_id'],
        indexes=[
            {'columns': ['source', 'event_id'], 'unique': true},
            {'columns': ['user_id', 'occurred_at']},
            {'columns': ['device_id', 'occurred_at']},
            {'columns': ['session_device_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- Calls of the API come beside the events that say what they were for, and a refund is somebody else's doing.
with events as (
    select * from {{ ref('stg_events__events') }}
    where
        event_name not in ('api.requested', 'order.refunded')
        and (user_id is not null or {{ device_id() }} is not null)
        and {{ loaded_since_last_run() }}
),

final as (
    select
        source,
        event_id,
        event_name,
        user_id,
        {{ device_id() }} as device_id,
        {{ session_device_id() }} as session_device_id,
        {{ json_text('properties', 'surface') }} as surface,
        {{ is_counted_event() }} as is_counted,
        occurred_at,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from events
)

select * from final
