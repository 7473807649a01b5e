with source as (
    select * from {{ source('raw_app', 'reviews') }}
),

renamed as (
    select
        review_id,
        prompt_id,
        organization_id,
        rating,
        text_length,
        hidden_at,
        created_at,
        updated_at,
        _loaded_at
    from source
)

select * from renamed
