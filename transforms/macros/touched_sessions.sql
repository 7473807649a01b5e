{#-
    Which sessions a run divides anew. Of most persons only what lies around their new activities: a session ends with
    half an hour of nothing, so what lies further away stays as it is. Of some persons everything.
-#}

{#-
    Persons of whom all sessions are divided anew: users whose company may be another, and everybody ever seen on a
    device of which it became known since the last run whose its earlier activities were.
-#}
{% macro persons_to_divide_anew() -%}
    select user_id as person_id from {{ ref('stg_app__users') }}
    where {{ loaded_since_last_run() }}
    union
    select device_id as person_id from ({{ devices_of_others() }}) as devices
    union
    select persons.user_id as person_id from {{ ref('int_persons_stitched') }} as persons
    inner join ({{ devices_of_others() }}) as devices on persons.device_id = devices.device_id
{%- endmacro %}

{% macro devices_of_others() -%}
    select activities.device_id
    from {{ ref('int_activities_recorded') }} as activities
    inner join (
        select distinct device_id from {{ ref('int_persons_stitched') }}
        where {{ built_since_last_run() }}
    ) as stitched on activities.device_id = stitched.device_id
    where activities.user_id is null and activities._built_at <= {{ newest_of_this('_built_at') }}
{%- endmacro %}

{#-
    A statement that deletes their sessions. What was on a device may be the user's from now on, and replacing rows can't
    tell, because nobody of that name is left. Runs in the model's own transaction, before its rows are written.
-#}
{% macro delete_sessions_of_persons_to_divide_anew() -%}
    {% if is_incremental() %}
        delete from {{ this }}
        where person_id in ({{ persons_to_divide_anew() }})
    {% endif %}
{%- endmacro %}

{#- A statement that deletes what a new session takes the place of: two that became one, one that begins earlier. -#}
{% macro delete_replaced_sessions() -%}
    {% if is_incremental() %}
        delete from {{ this }} as earlier
        using {{ this }} as divided
        where
            divided._built_at = {{ built_at() }}
            and earlier._built_at < {{ built_at() }}
            and earlier.person_id = divided.person_id
            and earlier.started_at <= divided.ended_at
            and earlier.ended_at >= divided.started_at
    {% endif %}
{%- endmacro %}

{#-
    The steps that find what of whom is divided anew, of which the last two are `touched` and `touched_devices`: persons,
    and the devices they were ever seen on, each with the first and the last moment.
-#}
{% macro touched_sessions() -%}
    whole_persons as (
        {{ persons_to_divide_anew() }}
    ),

    arrived_on_devices as (
        select
            device_id,
            occurred_at
        from {{ ref('int_activities_recorded') }}
        where user_id is null and {{ built_since_last_run() }}
    ),

    -- Whoever did something, and everybody ever seen on a device on which something was done.
    arrived as (
        select
            user_id as person_id,
            occurred_at
        from {{ ref('int_activities_recorded') }}
        where user_id is not null and {{ built_since_last_run() }}
        union all
        select
            device_id as person_id,
            occurred_at
        from arrived_on_devices
        union all
        select
            persons.user_id as person_id,
            arrived_on_devices.occurred_at
        from arrived_on_devices
        inner join {{ ref('int_persons_stitched') }} as persons on arrived_on_devices.device_id = persons.device_id
    ),

    stretches as (
        select
            person_id,
            min(occurred_at) as first_at,
            max(occurred_at) as last_at
        from arrived
        where person_id not in (select whole_persons.person_id from whole_persons)
        group by person_id
    ),

    -- With the sessions that are less than half an hour away.
    touched as (
        select
            stretches.person_id,
            least(stretches.first_at, min(sessions.started_at)) as first_at,
            greatest(stretches.last_at, max(sessions.ended_at)) as last_at
        from stretches
        left join {{ this }} as sessions
            on
                stretches.person_id = sessions.person_id
                and stretches.first_at < sessions.ended_at + interval '30 minutes'
                and stretches.last_at > sessions.started_at - interval '30 minutes'
        group by stretches.person_id, stretches.first_at, stretches.last_at
        union all
        select
            person_id,
            cast('1970-01-01 00:00:00+00:00' as timestamptz) as first_at,
            cast('9999-01-01 00:00:00+00:00' as timestamptz) as last_at
        from whole_persons
    ),

    touched_devices as (
        select
            person_id as device_id,
            first_at,
            last_at
        from touched
        union
        select
            persons.device_id,
            touched.first_at,
            touched.last_at
        from touched
        inner join {{ ref('int_persons_stitched') }} as persons on touched.person_id = persons.user_id
    )
{%- endmacro %}
