{{
    config(
        unique_key='run_id',
        indexes=[
            {'columns': ['run_id'], 'unique': true},
            {'columns': ['prompt_id', 'ran_date']},
            {'columns': ['ran_at']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with events as (
    select * from {{ ref('stg_events__events') }}
    where
        event_name in ('prompt.rendered', 'prompt.executed')
        and prompt_id is not null
        and {{ loaded_since_last_run() }}
),

final as (
    select
        {{ event_key() }} as run_id,
        prompt_id,
        {{ json_integer('properties', 'version') }} as prompt_version,
        event_name = 'prompt.executed' as is_executed,
        {{ json_text('properties', 'gen_ai.request.model') }} as model,
        {{ json_integer('properties', 'gen_ai.usage.input_tokens') }} as input_token_count,
        {{ json_integer('properties', 'gen_ai.usage.output_tokens') }} as output_token_count,
        organization_id,
        user_id,
        {{ is_counted_event() }} as is_counted,
        occurred_at as ran_at,
        {{ utc_date('occurred_at') }} as ran_date,
        source,
        event_id,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from events
)

select * from final
