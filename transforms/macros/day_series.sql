{#- A join that gives each day from one to another, both included, as `series.moment`. -#}
{% macro join_day_series(first_day, last_day) -%}
    {{ adapter.dispatch('join_day_series')(first_day, last_day) }}
{%- endmacro %}

{% macro default__join_day_series(first_day, last_day) -%}
    cross join lateral generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval '1 day'
    ) as series (moment)
{%- endmacro %}

{% macro duckdb__join_day_series(first_day, last_day) -%}
    cross join unnest(
        generate_series(cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval '1 day')
    ) as series (moment)
{%- endmacro %}

{% macro spark__join_day_series(first_day, last_day) -%}
    lateral view explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) series as moment
{%- endmacro %}

{#- Monday is 1, Sunday 7. -#}
{% macro iso_day_of_week(day) -%}
    {{ adapter.dispatch('iso_day_of_week')(day) }}
{%- endmacro %}

{% macro default__iso_day_of_week(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{% macro spark__iso_day_of_week(day) -%}
    cast(extract(dayofweek_iso from {{ day }}) as integer)
{%- endmacro %}

{#- Week 1 is the one with the year's first Thursday. -#}
{% macro iso_week_number(day) -%}
    cast(extract(week from {{ day }}) as integer)
{%- endmacro %}
