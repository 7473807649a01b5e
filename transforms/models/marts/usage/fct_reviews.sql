{{
    config(
        unique_key='review_id',
        indexes=[
            {'columns': ['review_id'], 'unique': true},
            {'columns': ['prompt_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- A review waits for its prompt to be loaded.
with reviews as (
    select * from {{ ref('stg_app__reviews') }}
    where
        {{ loaded_since_last_run() }}
        or prompt_id in (
            select prompts.prompt_id from {{ ref('dim_prompts') }} as prompts
            where {{ built_since_last_run() }}
        )
),

final as (
    select
        reviews.review_id,
        reviews.prompt_id,
        prompts.seller_organization_id,
        reviews.organization_id,
        reviews.rating,
        reviews.text_length,
        reviews.hidden_at is not null as is_hidden,
        reviews.created_at as reviewed_at,
        {{ utc_date('reviews.created_at') }} as reviewed_date,
        reviews.updated_at as changed_at,
        reviews._loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from reviews
    inner join {{ ref('dim_prompts') }} as prompts on reviews.prompt_id = prompts.prompt_id
)

select * from final
