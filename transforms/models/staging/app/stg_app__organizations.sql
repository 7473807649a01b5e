with source as (
    select * from {{ source('raw_app', 'organizations') }}
),

renamed as (
    select
        organization_id,
        external_id,
        name,
        is_imported,
        created_at,
        updated_at,
        _loaded_at
    from source
)

select * from renamed
