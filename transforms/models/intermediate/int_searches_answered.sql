{{
    config(
        unique_key=['source', 'event_id'],
        indexes=[
            {'columns': ['source', 'event_id'], 'unique': true},
            {'columns': ['receipt_id']},
            {'columns': ['served_date']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with served_lists as (
    {{ new_served_lists() }}
),

final as (
    select
        source,
        event_id,
        receipt_id,
        search_term,
        served_date,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from served_lists
    where receipt_id is not null and search_term is not null
)

select * from final
