with source as (
    select * from {{ source('raw_app', 'decisions') }}
),

renamed as (
    select
        decision_id,
        organization_id,
        prompt_id,
        kind,
        reason,
        status,
        decided_at,
        ends_at,
        ended_at,
        created_at,
        updated_at,
        _loaded_at
    from source
)

select * from renamed
