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

{#- Keeps of a few rows those that have any row in a large table. -#}
{% macro join_one_by_index(model, name, condition) -%}
    {{ adapter.dispatch('join_one_by_index')(model, name, condition) }}
{%- endmacro %}

{% macro default__join_one_by_index(model, name, condition) -%}
    left semi join {{ model }} as {{ name }} on {{ condition }}
{%- endmacro %}

{% macro duckdb__join_one_by_index(model, name, condition) -%}
    semi join {{ model }} as {{ name }} on {{ condition }}
{%- endmacro %}

{% macro postgres__join_one_by_index(model, name, condition) -%}
    cross join lateral (
        select 1 as is_there from {{ model }} as {{ name }}
        where {{ condition }}
        limit 1
    ) as {{ name }}
{%- endmacro %}

{#-
    For `from`: the rows of a large table with a key that a step has, as `wanted`, by the table's index; all rows in a full
    build. `condition` says which they are where it is not the same column of both.
-#}
{% macro rows_with_key_of(step, key, model, name, condition=none) -%}
    {%- if is_incremental() -%}
        (
            select distinct {{ key }} from {{ step }}
        ) as wanted
        {{ join_by_index(model, name, condition or name ~ '.' ~ key ~ ' = wanted.' ~ key) }}
    {%- else -%}
        {{ model }} as {{ name }}
    {%- endif -%}
{%- endmacro %}
