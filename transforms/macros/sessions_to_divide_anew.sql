{#-
    Persons of whom all sessions are divided anew: users whose company may be another, and everybody ever seen on a
    device of which it became known since the last run whose its earlier activities were.
-#}
{% macro persons_to_divide_anew() -%}
    with devices as (
        {{ devices_of_others() }}
    )

    select user_id as person_id from {{ ref('stg_app__users') }}
    where {{ loaded_since_last_run() }}
    union
    select device_id as person_id from devices
    union
    select persons.user_id as person_id
    from devices
    {{ join_by_index(ref('int_persons_stitched'), 'persons', 'persons.device_id = devices.device_id') }}
{%- endmacro %}

{% macro devices_of_others() -%}
    select stitched.device_id
    from (
        select distinct device_id from {{ ref('int_persons_stitched') }}
        where {{ built_since_last_run() }}
    ) as stitched
    {{ join_one_by_index(
        ref('int_activities_recorded'), 'earlier',
        'earlier.device_id = stitched.device_id and earlier.user_id is null'
        ~ ' and earlier._built_at <= ' ~ newest_of_this('_built_at')
    ) }}
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
