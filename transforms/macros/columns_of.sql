{#- Columns of a table, for a list of what is selected or grouped by. -#}
{% macro columns_of(table, columns) -%}
    {% for column in columns %}{{ table }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}
