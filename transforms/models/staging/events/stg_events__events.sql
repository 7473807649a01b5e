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
        agent,
        clock_offset_ms,
        batch_id,
        occurred_at,
        received_at,
        _loaded_at,
        coalesce(is_own, false) as is_own,
        coalesce(is_staff, false) as is_staff,
        coalesce(sample_rate, 1) as sample_rate
    from events
)

select * from renamed
