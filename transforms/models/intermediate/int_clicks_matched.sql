{{
    config(
        unique_key=['source', 'event_id'],
        indexes=[
            {'columns': ['source', 'event_id'], 'unique': true},
            {'columns': ['impression_id']},
            {'columns': ['receipt_id', 'prompt_id']},
            {'columns': ['prompt_id', 'user_id']},
            {'columns': ['clicked_at']},
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
        organization_id,
        user_id,
        anonymous_id,
        {{ erased_sender() }} as erased_sender,
        -- Whose it was as the click says it, not as a log-in would tell later: a ranking of a past moment knows no
        -- later ones. A live click always had a user; those of all who were erased are one person's, so that leaving
        -- makes no click count more than it did.
        coalesce(user_id, {{ device_id() }}, case when source like 'client:%' then 'erased' end) as person_id,
        {{ json_integer('properties', 'position') }} as position,
        occurred_at as clicked_at,
        _loaded_at as _source_loaded_at
    from {{ ref('stg_events__events') }}
    where
        event_name = 'prompt.clicked'
        and {{ is_counted_event() }}
        and {{ loaded_since_last_run() }}
),

{% if is_incremental() %}
    changed_lists as (
        select
            receipt_id,
            prompt_id
        from {{ ref('int_impressions_served') }}
        where {{ built_since_last_run() }}
    ),

    -- A list that arrives after its clicks changes what they belong to.
    changed_clicks as (
        select known.*
        from {{ rows_with_key_of('changed_lists', 'receipt_id', this, 'known') }}
        where
            exists (
                select 1 from changed_lists
                where
                    changed_lists.receipt_id = known.receipt_id
                    and changed_lists.prompt_id = known.prompt_id
            )
    ),
{% endif %}

clicks as (
    select * from events
    where prompt_id is not null and receipt_id is not null
    {% if is_incremental() %}
        union all
        select
            earlier.source,
            earlier.event_id,
            earlier.prompt_id,
            earlier.receipt_id,
            earlier.organization_id,
            earlier.user_id,
            earlier.anonymous_id,
            earlier.erased_sender,
            earlier.person_id,
            earlier.position,
            earlier.clicked_at,
            earlier._source_loaded_at
        from changed_clicks as earlier
        where
            not exists (
                select 1 from events
                where events.source = earlier.source and events.event_id = earlier.event_id
            )
    {% endif %}
),

-- Receipts are unique within their source, those of the marketplace everywhere. Who was shown a list may click in it.
matches as (
    select
        clicks.source,
        clicks.event_id,
        impressions.impression_id,
        clicks.prompt_id,
        clicks.receipt_id,
        clicks.organization_id,
        clicks.user_id,
        clicks.anonymous_id,
        clicks.erased_sender,
        clicks.person_id,
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
    left join {{ ref('int_impressions_served') }} as impressions
        on
            clicks.receipt_id = impressions.receipt_id
            and clicks.prompt_id = impressions.prompt_id
            and clicks.clicked_at >= impressions.served_at
            and impressions.source in (clicks.source, 'api')
            and {{ is_shown_to('clicks') }}
),

final as (
    select
        source,
        event_id,
        impression_id,
        prompt_id,
        receipt_id,
        organization_id,
        user_id,
        anonymous_id,
        erased_sender,
        person_id,
        position,
        clicked_at,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from matches
    where match_number = 1
)

select * from final
