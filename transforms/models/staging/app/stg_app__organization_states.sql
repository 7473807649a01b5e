with source as (
    select * from {{ source('raw_app', 'organization_states') }}
),

renamed as (
    select
        organization_id,
        number as state_number,
        name,
        valid_from,
        _loaded_at
    from source
)

select * from renamed
