{{
    config(
        unique_key='session_id',
        indexes=[
            {'columns': ['session_id'], 'unique': true},
            {'columns': ['person_id', 'ended_at']},
            {'columns': ['started_at']},
            {'columns': ['ended_at']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
        pre_hook="{{ delete_sessions_of_persons_to_divide_anew() }}",
        post_hook="{{ delete_replaced_sessions() }}",
    )
}}

{%- set counts = {
    'view_count': "event_name = 'prompt.viewed'",
    'click_count': "event_name = 'prompt.clicked'",
    'search_count': "event_name = 'search.performed'",
    'order_count': "event_name = 'order.paid'",
} %}
{%- set told = ['source', 'event_id', 'event_name', 'surface', 'is_counted', 'occurred_at', '_source_loaded_at'] %}

with
{% if is_incremental() %}
    {{ touched_sessions() }},
{% endif %}

activities as (
    select
        {% for column in told %}
            activities.{{ column }},
        {% endfor %}
        activities.user_id as known_user_id,
        activities.user_id as person_id
    from {{ ref('int_activities_recorded') }} as activities
    {% if is_incremental() %}
        inner join touched
            on
                activities.user_id = touched.person_id
                and activities.occurred_at between touched.first_at and touched.last_at
    {% endif %}
    where activities.user_id is not null
    union all
    select
        {% for column in told %}
            activities.{{ column }},
        {% endfor %}
        persons.user_id as known_user_id,
        coalesce(persons.user_id, activities.device_id) as person_id
    from {{ 'unnamed' if is_incremental() else ref('int_activities_recorded') }} as activities
    left join {{ 'owners' if is_incremental() else ref('int_persons_stitched') }} as persons
        on
            activities.device_id = persons.device_id
            and {{ owned_at('persons', 'activities.occurred_at') }}
    {% if is_incremental() %}
        inner join touched
            on
                coalesce(persons.user_id, activities.device_id) = touched.person_id
                and activities.is_recent = touched.is_recent
                and activities.occurred_at between touched.first_at and touched.last_at
    {% endif %}
    where activities.user_id is null
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
        concat(
            {{ utc_date('min(occurred_at)') }}, '-',
            md5(concat(person_id, '|', max(case when is_first = 1 then concat(source, '|', event_id) end)))
        ) as session_id,
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
