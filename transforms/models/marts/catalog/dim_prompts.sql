{{
    config(
        unique_key='prompt_id',
        indexes=[
            {'columns': ['prompt_id'], 'unique': true},
            {'columns': ['seller_organization_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with prompts as (
    select * from {{ ref('stg_app__prompts') }}
    where {{ loaded_since_last_run() }}
),

final as (
    select
        prompt_id,
        external_id,
        title,
        category,
        seller_organization_id,
        status,
        {{ amount('price_cents', 'currency') }} as price_amount,
        currency,
        current_version,
        published_at,
        created_at,
        created_at as valid_from,
        cast(null as timestamptz) as valid_to,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from prompts
)

select * from final
