{{
    config(
        unique_key=['source', 'event_id'],
        indexes=[
            {'columns': ['source', 'event_id'], 'unique': true},
            {'columns': ['impression_id']},
            {'columns': ['receipt_id', 'prompt_id']},
            {'columns': ['prompt_id', 'user_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with events as (
    select
        source,
        event_id,
        prompt_id,
        {{ json_text('properties', 'receipt_id') }} as receipt_id,
        user_id,
        {{ json_integer('properties', 'position') }} as position,
        occurred_at as clicked_at,
        _loaded_at as _source_loaded_at
    from {{ ref('stg_events__events') }}
    where
        event_name = 'prompt.clicked'
        and {{ is_counted_event() }}
        and {{ loaded_since_last_run() }}
),

impressions as (
    select * from {{ ref('int_impressions_served') }}
),

{% if is_incremental() %}
    changed_lists as (
        select
            receipt_id,
            prompt_id
        from {{ ref('int_impressions_served') }}
        where {{ built_since_last_run() }}
    ),
{% endif %}

clicks as (
    select * from events
    where prompt_id is not null and receipt_id is not null
    {% if is_incremental() %}
        -- A list that arrives after its clicks changes what they belong to.
        union all
        select
            earlier.source,
            earlier.event_id,
            earlier.prompt_id,
            earlier.receipt_id,
            earlier.user_id,
            earlier.position,
            earlier.clicked_at,
            earlier._source_loaded_at
        from {{ this }} as earlier
        where
            (earlier.receipt_id, earlier.prompt_id) in (
                select
                    changed_lists.receipt_id,
                    changed_lists.prompt_id
                from changed_lists
            )
            and not exists (
                select 1 from events
                where events.source = earlier.source and events.event_id = earlier.event_id
            )
    {% endif %}
),

-- A receipt is unique within its source; those of the marketplace itself are unique everywhere, and clicks on them come
-- from every client.
matches as (
    select
        clicks.source,
        clicks.event_id,
        impressions.impression_id,
        clicks.prompt_id,
        clicks.receipt_id,
        clicks.user_id,
        clicks.position,
        clicks.clicked_at,
        greatest(clicks._source_loaded_at, impressions._source_loaded_at) as _source_loaded_at,
        row_number() over (
            partition by clicks.source, clicks.event_id
            order by
                case when impressions.source = clicks.source then 0 else 1 end asc,
                case when impressions.position = clicks.position then 0 else 1 end asc,
                impressions.served_at desc,
                impressions.position asc,
                impressions.impression_id asc
        ) as match_number
    from clicks
    left join impressions
        on
            clicks.receipt_id = impressions.receipt_id
            and clicks.prompt_id = impressions.prompt_id
            and clicks.clicked_at >= impressions.served_at
            and impressions.source in (clicks.source, 'api')
),

final as (
    select
        source,
        event_id,
        impression_id,
        prompt_id,
        receipt_id,
        user_id,
        position,
        clicked_at,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from matches
    where match_number = 1
)

select * from final
