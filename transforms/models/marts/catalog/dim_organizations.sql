{{
    config(
        unique_key='organization_id',
        indexes=[
            {'columns': ['organization_id'], 'unique': true},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with changed_organizations as (
    select organization_id from {{ ref('stg_app__organizations') }}
    where {{ loaded_since_last_run() }}
    union
    select organization_id from {{ ref('stg_app__organization_states') }}
    where {{ loaded_since_last_run() }}
),

organizations as (
    select * from {{ ref('stg_app__organizations') }}
    where organization_id in (select changed_organizations.organization_id from changed_organizations)
),

states as (
    select * from {{ ref('dim_organizations_history') }}
    where
        is_current
        and organization_id in (select changed_organizations.organization_id from changed_organizations)
),

final as (
    select
        organizations.organization_id,
        organizations.name,
        organizations.external_id,
        organizations.is_imported,
        organizations.created_at,
        coalesce(states.valid_from, organizations.created_at) as valid_from,
        cast(null as timestamptz) as valid_to,
        greatest(organizations._loaded_at, states._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from organizations
    left join states on organizations.organization_id = states.organization_id
)

select * from final
