{{
    config(
        unique_key=['source', 'event_id'],
        indexes=[
            {'columns': ['source', 'event_id'], 'unique': true},
            {'columns': ['viewed_date', 'prompt_id']},
            {'columns': ['device_id']},
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
        user_id,
        -- Only of whom nobody has said who it is, the device is looked at again.
        case when user_id is null then {{ device_id() }} end as device_id,
        occurred_at as viewed_at,
        _loaded_at as _source_loaded_at
    from {{ ref('stg_events__events') }}
    where
        event_name = 'prompt.viewed'
        and prompt_id is not null
        and {{ is_counted_event() }}
        and {{ loaded_since_last_run() }}
),

views as (
    select * from events
    {% if is_incremental() %}
        -- Of whoever was on a device, it may have become known who that was.
        union all
        select
            earlier.source,
            earlier.event_id,
            earlier.prompt_id,
            earlier.user_id,
            earlier.device_id,
            earlier.viewed_at,
            earlier._source_loaded_at
        from (
            select distinct device_id from {{ ref('int_persons_stitched') }}
            where {{ built_since_last_run() }}
        ) as stitched
        {{ join_by_index(this, 'earlier', 'earlier.device_id = stitched.device_id and earlier.user_id is null') }}
        where
            not exists (
                select 1 from events
                where events.source = earlier.source and events.event_id = earlier.event_id
            )
    {% endif %}
),

persons as (
    select persons.* from {{ rows_with_key_of('views', 'device_id', ref('int_persons_stitched'), 'persons') }}
),

final as (
    select
        views.source,
        views.event_id,
        views.prompt_id,
        views.user_id,
        views.device_id,
        coalesce(views.user_id, persons.user_id, views.device_id) as person_id,
        {{ utc_date('views.viewed_at') }} as viewed_date,
        views.viewed_at,
        greatest(views._source_loaded_at, persons._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from views
    left join persons
        on
            views.device_id = persons.device_id
            and {{ owned_at('persons', 'views.viewed_at') }}
)

select * from final
