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

with organizations as (
    select * from {{ ref('stg_app__organizations') }}
    where {{ loaded_since_last_run() }}
),

final as (
    select
        organization_id,
        name,
        external_id,
        is_imported,
        created_at,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from organizations
)

select * from final
