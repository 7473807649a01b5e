{#-
    Which sessions a run divides anew. Of most persons only what lies around their new activities: a session ends with
    half an hour of nothing, so what lies further away stays as it is. Of some persons everything.
-#}

{#-
    The moment since which an activity counts as recent: a day before the newest that arrived. Without a user there are few
    of so short a time, and they are read together; from longer ago they are looked up by their devices.
-#}
{% macro recent_since() %}
    {% set newest = none %}
    {% if execute %}
        {% set arrived = ref('int_activities_recorded') ~ ' where ' ~ built_since_last_run() %}
        {% set newest = run_query('select max(occurred_at) from ' ~ arrived).columns[0].values()[0] %}
    {% endif %}
    {% if newest is none %}
        {{ return("cast('9999-01-01 00:00:00+00:00' as timestamptz)") }}
    {% endif %}
    {{ return("cast('" ~ (newest - modules.datetime.timedelta(days=1)) ~ "' as timestamptz)") }}
{% endmacro %}

{#-
    The steps that find what of whom is divided anew: `touched` has persons, each with the first and the last moment,
    `unnamed` the activities without a user that may be theirs, and `owners` whose the devices of these were. What lies in
    a recent time alone, `is_recent` says of the first two.
-#}
{% macro touched_sessions() -%}
    whole_persons as (
        {{ persons_to_divide_anew() }}
    ),

    arrived_on_devices as (
        select
            device_id,
            min(occurred_at) as first_at,
            max(occurred_at) as last_at
        from {{ ref('int_activities_recorded') }}
        where user_id is null and {{ built_since_last_run() }}
        group by device_id
    ),

    -- Whoever did something, and everybody ever seen on a device on which something was done.
    arrived as (
        select
            user_id as person_id,
            occurred_at as first_at,
            occurred_at as last_at
        from {{ ref('int_activities_recorded') }}
        where user_id is not null and {{ built_since_last_run() }}
        union all
        select * from arrived_on_devices
        union all
        select
            persons.user_id as person_id,
            arrived_on_devices.first_at,
            arrived_on_devices.last_at
        from arrived_on_devices
        {{ join_by_index(ref('int_persons_stitched'), 'persons', 'persons.device_id = arrived_on_devices.device_id') }}
    ),

    stretches as (
        select
            person_id,
            min(first_at) as first_at,
            max(last_at) as last_at
        from arrived
        where person_id not in (select whole_persons.person_id from whole_persons)
        group by person_id
    ),

    -- With the sessions that are less than half an hour away.
    widened as (
        select
            stretches.person_id,
            least(stretches.first_at, min(sessions.started_at)) as first_at,
            greatest(stretches.last_at, max(sessions.ended_at)) as last_at
        from stretches
        left join {{ this }} as sessions
            on
                stretches.person_id = sessions.person_id
                and sessions.ended_at > stretches.first_at - interval '30 minutes'
                and sessions.started_at < stretches.last_at + interval '30 minutes'
        group by stretches.person_id, stretches.first_at, stretches.last_at
        union all
        select
            person_id,
            cast('1970-01-01 00:00:00+00:00' as timestamptz) as first_at,
            cast('9999-01-01 00:00:00+00:00' as timestamptz) as last_at
        from whole_persons
    ),

    touched as (
        select
            *,
            first_at >= {{ recent_since() }} as is_recent
        from widened
    ),

    long_touched_devices as (
        select
            person_id as device_id,
            first_at,
            last_at
        from touched
        where not is_recent
        union all
        select
            persons.device_id,
            touched.first_at,
            touched.last_at
        from touched
        {{ join_by_index(ref('int_persons_stitched'), 'persons', 'persons.user_id = touched.person_id') }}
        where not touched.is_recent
    ),

    touched_devices as (
        select
            device_id,
            min(first_at) as first_at,
            max(last_at) as last_at
        from long_touched_devices
        group by device_id
    ),

    unnamed as (
        select
            activities.*,
            false as is_recent
        from touched_devices
        {{ join_by_index(
            ref('int_activities_recorded'), 'activities',
            'activities.device_id = touched_devices.device_id and activities.user_id is null'
            ~ ' and activities.occurred_at between touched_devices.first_at and touched_devices.last_at'
        ) }}
        union all
        select
            activities.*,
            true as is_recent
        from {{ ref('int_activities_recorded') }} as activities
        where
            activities.user_id is null
            and activities.occurred_at >= {{ recent_since() }}
            and activities.occurred_at >= (select min(touched.first_at) from touched where touched.is_recent)
    ),

    owners as (
        select persons.* from {{ rows_with_key_of('unnamed', 'device_id', ref('int_persons_stitched'), 'persons') }}
    )
{%- endmacro %}
