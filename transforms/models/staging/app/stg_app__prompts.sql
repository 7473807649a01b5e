with source as (
    select * from {{ source('raw_app', 'prompts') }}
),

renamed as (
    select
        prompt_id,
        seller_organization_id,
        external_id,
        title,
        category,
        currency,
        model,
        status,
        price_cents,
        current_version,
        published_at,
        created_at,
        updated_at,
        _loaded_at
    from source
)

select * from renamed
