{{
    config(
        unique_key='prompt_id',
        indexes=[
            {'columns': ['prompt_id', 'state_number'], 'unique': true},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- A new state ends the one before it.
with changed_prompts as (
    select distinct prompt_id from {{ ref('stg_app__prompt_states') }}
    where {{ loaded_since_last_run() }}
),

states as (
    select
        *,
        lead(valid_from) over (partition by prompt_id order by state_number) as next_valid_from
    from {{ ref('stg_app__prompt_states') }}
    where prompt_id in (select changed_prompts.prompt_id from changed_prompts)
),

final as (
    select
        prompt_id,
        state_number,
        title,
        category,
        status,
        {{ amount('price_cents', 'currency') }} as price_amount,
        currency,
        current_version,
        next_valid_from is null as is_current,
        valid_from,
        next_valid_from as valid_to,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from states
)

select * from final
