{#- Months from the month of one day to that of another. -#}
{% macro months_between(first_day, last_day) -%}
    cast(
        12 * (extract(year from {{ last_day }}) - extract(year from {{ first_day }}))
        + extract(month from {{ last_day }}) - extract(month from {{ first_day }}) as integer
    )
{%- endmacro %}
