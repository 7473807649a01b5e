with source as (
    select * from {{ source('raw_app', 'prompt_states') }}
),

renamed as (
    select
        prompt_id,
        number as state_number,
        title,
        category,
        currency,
        status,
        price_cents,
        current_version,
        valid_from,
        _loaded_at
    from source
)

select * from renamed
