with events as (
    select * from {{ source('raw_events', 'events') }}
),

renamed as (
    select
        source,
        event_id,
        prompt_id,
        organization_id,
        user_id,
        anonymous_id,
        session_id,
        request_id,
        event_name,
        schema_version,
        properties,
        batch_id,
        occurred_at,
        received_at,
        _loaded_at
    from events
)

select * from renamed
