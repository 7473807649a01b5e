{{
    config(
        unique_key='prompt_id',
        indexes=[
            {'columns': ['prompt_id', 'version'], 'unique': true},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- A new version ends the one before it.
with changed_prompts as (
    select distinct prompt_id from {{ ref('stg_app__prompt_versions') }}
    where {{ loaded_since_last_run() }}
),

versions as (
    select
        *,
        lead(created_at) over (partition by prompt_id order by version) as next_created_at
    from {{ ref('stg_app__prompt_versions') }}
    where prompt_id in (select changed_prompts.prompt_id from changed_prompts)
),

final as (
    select
        prompt_id,
        version,
        prompt_version_id,
        template_length,
        next_created_at is null as is_current,
        created_at as valid_from,
        next_created_at as valid_to,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from versions
)

select * from final
