with event_batches as (
    select * from {{ source('raw_events', 'event_batches') }}
),

renamed as (
    select
        batch_id,
        origin,
        received_count,
        stored_count,
        duplicate_count,
        quarantined_count,
        recorded_at,
        _loaded_at
    from event_batches
)

select * from renamed
