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

-- A new state ends the one before it.
with changed_organizations as (
    select distinct organization_id from {{ ref('stg_app__organization_states') }}
    where {{ loaded_since_last_run() }}
),

states as (
    select
        *,
        lead(valid_from) over (partition by organization_id order by state_number) as next_valid_from
    from {{ ref('stg_app__organization_states') }}
    where organization_id in (select changed_organizations.organization_id from changed_organizations)
),

final as (
    select
        organization_id,
        state_number,
        name,
        next_valid_from is null as is_current,
        valid_from,
        next_valid_from as valid_to,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from states
)

select * from final
