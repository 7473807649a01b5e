{{
    config(
        unique_key=['source', 'event_id'],
        indexes=[
            {'columns': ['source', 'event_id'], 'unique': true},
            {'columns': ['prompt_id', 'viewed_date']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with events as (
    select * from {{ ref('stg_events__events') }}
    where
        event_name = 'prompt.viewed'
        and prompt_id is not null
        and {{ is_counted_event() }}
        and {{ loaded_since_last_run() }}
),

final as (
    select
        source,
        event_id,
        prompt_id,
        coalesce(user_id, anonymous_id, session_id) as visitor_id,
        {{ utc_date('occurred_at') }} as viewed_date,
        occurred_at as viewed_at,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from events
)

select * from final
