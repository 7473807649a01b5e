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

with
{{ history_of('stg_app__prompt_states', 'prompt_id') }},

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
        is_current,
        valid_from,
        valid_to,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from states
)

select * from final
