{#- The day a moment belongs to, in UTC whatever the session's time zone. -#}
{% macro utc_date(moment) -%}
    {{ adapter.dispatch('utc_date')(moment) }}
{%- endmacro %}

{% macro default__utc_date(moment) -%}
    cast({{ moment }} at time zone 'UTC' as date)
{%- endmacro %}

{% macro spark__utc_date(moment) -%}
    to_date(to_utc_timestamp({{ moment }}, current_timezone()))
{%- endmacro %}

{#- Whether a moment lies on a day, in UTC; said of the moment, so that its index finds those of a day. -#}
{% macro is_on_day(moment, day) -%}
    {{ adapter.dispatch('is_on_day')(moment, day) }}
{%- endmacro %}

{% macro default__is_on_day(moment, day) -%}
    {{ moment }} >= cast({{ day }} as timestamp) at time zone 'UTC'
    and {{ moment }} < (cast({{ day }} as timestamp) + interval '1 day') at time zone 'UTC'
{%- endmacro %}

{% macro spark__is_on_day(moment, day) -%}
    {{ utc_date(moment) }} = {{ day }}
{%- endmacro %}
