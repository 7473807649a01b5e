{{
    config(
        unique_key='person_id',
        indexes=[
            {'columns': ['session_id'], 'unique': true},
            {'columns': ['person_id']},
            {'columns': ['started_at']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
        pre_hook="{{ delete_persons_who_turned_out_to_be_users() }}",
    )
}}

{%- set counts = {
    'view_count': "event_name = 'prompt.viewed'",
    'click_count': "event_name = 'prompt.clicked'",
    'search_count': "event_name = 'search.performed'",
    'order_count': "event_name = 'order.paid'",
} %}

with
{% if is_incremental() %}
    changed_devices as (
        select device_id from {{ ref('int_activities_recorded') }}
        where user_id is null and {{ built_since_last_run() }}
        union
        select device_id from {{ ref('int_persons_stitched') }}
        where {{ built_since_last_run() }}
    ),

    -- Whoever did something, and everybody ever seen on a device of which something new is known.
    changed_persons as (
        select user_id as person_id from {{ ref('int_activities_recorded') }}
        where user_id is not null and {{ built_since_last_run() }}
        union
        select user_id as person_id from {{ ref('stg_app__users') }}
        where {{ loaded_since_last_run() }}
        union
        select device_id as person_id from changed_devices
        union
        select persons.user_id as person_id from {{ ref('int_persons_stitched') }} as persons
        inner join changed_devices on persons.device_id = changed_devices.device_id
    ),

    their_devices as (
        select device_id from changed_devices
        union
        select persons.device_id from {{ ref('int_persons_stitched') }} as persons
        inner join changed_persons on persons.user_id = changed_persons.person_id
    ),
{% endif %}

activities as (
    select
        *,
        user_id as known_user_id,
        user_id as person_id
    from {{ ref('int_activities_recorded') }}
    where
        user_id is not null
        {% if is_incremental() %}
            and user_id in (select changed_persons.person_id from changed_persons)
        {% endif %}
    union all
    select
        activities.*,
        persons.user_id as known_user_id,
        coalesce(persons.user_id, activities.device_id) as person_id
    from {{ ref('int_activities_recorded') }} as activities
    left join {{ ref('int_persons_stitched') }} as persons
        on
            activities.device_id = persons.device_id
            and {{ owned_at('persons', 'activities.occurred_at') }}
    where
        activities.user_id is null
        {% if is_incremental() %}
            and activities.device_id in (select their_devices.device_id from their_devices)
            and coalesce(persons.user_id, activities.device_id) in (select changed.* from changed_persons as changed)
        {% endif %}
),

-- Half an hour in which a person does nothing ends a session.
compared as (
    select
        *,
        case when occurred_at < lag(occurred_at) over in_order + interval '30 minutes' then 0 else 1 end as is_first
    from activities
    window in_order as (partition by person_id order by occurred_at, source, event_id)
),

numbered as (
    select
        *,
        sum(is_first) over in_order as session_number
    from compared
    window in_order as (partition by person_id order by occurred_at, source, event_id rows unbounded preceding)
),

landed as (
    select
        *,
        first_value(surface) over (
            partition by person_id, session_number
            order by case when surface is null then 1 else 0 end, occurred_at, source, event_id
        ) as landing_surface
    from numbered
),

sessions as (
    select
        person_id,
        md5(concat(person_id, '|', max(case when is_first = 1 then concat(source, '|', event_id) end))) as session_id,
        max(known_user_id) as user_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as event_count,
        {% for count, condition in counts.items() %}
            count(case when is_counted and {{ condition }} then 1 end) as {{ count }},
        {% endfor %}
        count(case when is_counted then 1 end) > 0 as is_counted,
        max(landing_surface) as landing_surface,
        max(_source_loaded_at) as _source_loaded_at
    from landed
    group by person_id, session_number
),

final as (
    select
        sessions.session_id,
        sessions.person_id,
        sessions.user_id,
        users.organization_id,
        sessions.started_at,
        sessions.ended_at,
        {{ utc_date('sessions.started_at') }} as started_date,
        sessions.event_count,
        {% for count in counts %}
            sessions.{{ count }},
        {% endfor %}
        sessions.landing_surface,
        sessions.is_counted,
        greatest(sessions._source_loaded_at, users._loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from sessions
    left join {{ ref('stg_app__users') }} as users on sessions.user_id = users.user_id
)

select * from final
