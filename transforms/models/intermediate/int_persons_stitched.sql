{{
    config(
        unique_key='device_id',
        indexes=[
            {'columns': ['device_id', 'stretch_number'], 'unique': true},
            {'columns': ['user_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

{#- An event of a user tells of both that it names: the visitor's anonymous id and the visit. -#}
{%- set devices = ['activities.device_id', 'activities.session_device_id'] %}

with
{% if is_incremental() %}
    arrived_sightings as (
        {% for device in devices %}
            select
                {{ device }} as device_id,
                activities.user_id,
                activities.occurred_at
            from {{ ref('int_activities_recorded') }} as activities
            where activities.user_id is not null and {{ device }} is not null and {{ built_since_last_run() }}
            {{ 'union' if not loop.last }}
        {% endfor %}
    ),

    -- Most sightings say what is known. Those at the very beginning of a stretch may change which comes first.
    changed_devices as (
        select arrived_sightings.device_id from arrived_sightings
        where
            not exists (
                select 1 from {{ this }} as known
                where
                    known.device_id = arrived_sightings.device_id
                    and known.user_id = arrived_sightings.user_id
                    and known.valid_from < arrived_sightings.occurred_at
                    and coalesce(arrived_sightings.occurred_at < known.valid_to, true)
            )
        union
        -- One device is written anew whenever any sighting arrived: what was read is known by the newest row, and would
        -- be read again by every run while nothing changes.
        select newest.device_id
        from (
            select arrived_sightings.device_id from arrived_sightings
            order by arrived_sightings.occurred_at desc, arrived_sightings.device_id desc
            limit 1
        ) as newest
    ),
{% endif %}

sightings as (
    {% for device in devices %}
        select
            activities.user_id,
            activities.occurred_at,
            activities.source,
            activities.event_id,
            activities._source_loaded_at,
            {{ device }} as device_id
        from {{ ref('int_activities_recorded') ~ ' as activities' if not is_incremental() else 'changed_devices' }}
        {% if is_incremental() %}
            {{ join_by_index(ref('int_activities_recorded'), 'activities', device ~ ' = changed_devices.device_id') }}
        {% endif %}
        where activities.user_id is not null and {{ device }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    select
        *,
        lag(user_id) over (
            partition by device_id
            order by occurred_at, source, event_id
        ) as previous_user_id,
        max(_source_loaded_at) over (partition by device_id) as device_loaded_at
    from sightings
),

changes as (
    select
        *,
        row_number() over (
            partition by device_id
            order by occurred_at, source, event_id
        ) as stretch_number
    from compared
    where previous_user_id is null or previous_user_id <> user_id
),

-- What was done before anybody was seen belongs to the first who was. No event is as old as 1970.
final as (
    select
        device_id,
        stretch_number,
        user_id,
        case
            when stretch_number = 1 then cast('1970-01-01 00:00:00+00:00' as timestamptz)
            else occurred_at
        end as valid_from,
        lead(occurred_at) over (
            partition by device_id
            order by stretch_number
        ) as valid_to,
        device_loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from changes
)

select * from final
