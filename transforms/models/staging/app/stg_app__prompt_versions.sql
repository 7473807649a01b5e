with source as (
    select * from {{ source('raw_app', 'prompt_versions') }}
),

renamed as (
    select
        prompt_version_id,
        prompt_id,
        version,
        template_length,
        created_at,
        _loaded_at
    from source
)

select * from renamed
