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

with changed_prompts as (
    select prompt_id from {{ ref('stg_app__prompts') }}
    where {{ loaded_since_last_run() }}
    union
    select prompt_id from {{ ref('stg_app__prompt_states') }}
    where {{ loaded_since_last_run() }}
),

prompts as (
    select * from {{ ref('stg_app__prompts') }}
    where prompt_id in (select changed_prompts.prompt_id from changed_prompts)
),

states as (
    select * from {{ ref('dim_prompts_history') }}
    where is_current and prompt_id in (select changed_prompts.prompt_id from changed_prompts)
),

final as (
    select
        prompts.prompt_id,
        prompts.external_id,
        prompts.title,
        prompts.category,
        prompts.seller_organization_id,
        prompts.status,
        {{ amount('prompts.price_cents', 'prompts.currency') }} as price_amount,
        prompts.currency,
        prompts.current_version,
        prompts.published_at,
        prompts.created_at,
        coalesce(states.valid_from, prompts.created_at) as valid_from,
        cast(null as timestamptz) as valid_to,
        greatest(prompts._loaded_at, states._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from prompts
    left join states on prompts.prompt_id = states.prompt_id
)

select * from final
