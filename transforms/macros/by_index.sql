{#-
    A join with the few rows of a large table that belong to each of a few rows, by the table's index. Postgres takes a
    join from whichever side it thinks is cheaper, and no statistics tell how few rows there are of a device that only just
    became somebody's: it would read the whole history for none. Other engines find their own way.
-#}
{% macro join_by_index(model, name, condition) -%}
    {{ adapter.dispatch('join_by_index')(model, name, condition) }}
{%- endmacro %}

{% macro default__join_by_index(model, name, condition) -%}
    inner join {{ model }} as {{ name }} on {{ condition }}
{%- endmacro %}

{#- A query with an offset is not merged into the one around it, so it is asked for each row. -#}
{% macro postgres__join_by_index(model, name, condition) -%}
    cross join lateral (
        select * from {{ model }} as {{ name }}
        where {{ condition }}
        offset 0
    ) as {{ name }}
{%- endmacro %}
