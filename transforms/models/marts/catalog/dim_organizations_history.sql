{{
    config(
        unique_key='organization_id',
        indexes=[
            {'columns': ['organization_id', 'state_number'], 'unique': true},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with
{{ history_of('stg_app__organization_states', 'organization_id') }},

final as (
    select
        organization_id,
        state_number,
        name,
        is_current,
        valid_from,
        valid_to,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from states
)

select * from final
