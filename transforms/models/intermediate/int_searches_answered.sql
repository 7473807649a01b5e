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
    select
        source,
        event_id,
        {{ json_text('properties', 'receipt_id') }} as receipt_id,
        {{ search_term(json_text('properties', 'query')) }} as search_term,
        {{ utc_date('occurred_at') }} as served_date,
        _loaded_at as _source_loaded_at
    from {{ ref('stg_events__events') }}
    where
        event_name = 'results.served'
        and {{ loaded_since_last_run() }}
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
