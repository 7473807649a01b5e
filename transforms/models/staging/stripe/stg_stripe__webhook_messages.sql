with source as (
    select * from {{ source('raw_stripe', 'webhook_messages') }}
),

renamed as (
    select
        message_id,
        event_type,
        payload,
        received_at,
        _loaded_at
    from source
)

select * from renamed
