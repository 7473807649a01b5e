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
