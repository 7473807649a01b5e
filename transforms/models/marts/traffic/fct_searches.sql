{{
    config(
        unique_key='search_id',
        indexes=[
            {'columns': ['search_id'], 'unique': true},
            {'columns': ['searched_at']},
            {'columns': ['device_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with events as (
    select
        {{ event_key() }} as search_id,
        {{ json_text('properties', 'query') }} as query,
        {{ json_integer('properties', 'result_count') }} as result_count,
        user_id,
        {{ device_id() }} as device_id,
        organization_id,
        {{ is_counted_event() }} as is_counted,
        occurred_at as searched_at,
        source,
        event_id,
        _loaded_at as _source_loaded_at
    from {{ ref('stg_events__events') }}
    where
        event_name = 'search.performed'
        and {{ loaded_since_last_run() }}
),

searches as (
    select * from events
    {% if is_incremental() %}
        -- Of whoever was on a device, it may have become known who that was.
        union all
        select
            earlier.search_id,
            earlier.query,
            earlier.result_count,
            earlier.user_id,
            earlier.device_id,
            earlier.organization_id,
            earlier.is_counted,
            earlier.searched_at,
            earlier.source,
            earlier.event_id,
            earlier._source_loaded_at
        from (
            select distinct device_id from {{ ref('int_persons_stitched') }}
            where {{ built_since_last_run() }}
        ) as stitched
        {{ join_by_index(this, 'earlier', 'earlier.device_id = stitched.device_id and earlier.user_id is null') }}
        where earlier.search_id not in (select events.search_id from events)
    {% endif %}
),

unnamed as (
    select device_id from searches
    where user_id is null
),

persons as (
    select persons.* from {{ rows_with_key_of('unnamed', 'device_id', ref('int_persons_stitched'), 'persons') }}
),

final as (
    select
        searches.search_id,
        searches.query,
        searches.result_count,
        coalesce(searches.result_count = 0, false) as is_without_result,
        searches.user_id,
        searches.device_id,
        coalesce(searches.user_id, persons.user_id, searches.device_id) as person_id,
        searches.organization_id,
        searches.is_counted,
        searches.searched_at,
        {{ utc_date('searches.searched_at') }} as searched_date,
        searches.source,
        searches.event_id,
        greatest(searches._source_loaded_at, persons._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from searches
    left join persons
        on
            searches.user_id is null
            and searches.device_id = persons.device_id
            and {{ owned_at('persons', 'searches.searched_at') }}
)

select * from final
