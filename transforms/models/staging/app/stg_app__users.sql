with source as (
    select * from {{ source('raw_app', 'users') }}
),

renamed as (
    select
        user_id,
        organization_id,
        external_id,
        role as user_role,
        is_active,
        created_at,
        updated_at,
        _loaded_at
    from source
)

select * from renamed
