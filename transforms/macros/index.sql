{#-
    Indexes on DuckDB, which scans faster than it keeps them, and holds them in memory: none is made. What a unique one
    promises is looked at once instead, so that the build fails on a duplicate there as well.
-#}
{% macro duckdb__get_create_index_sql(relation, index_dict) -%}
    {%- set index = adapter.parse_index(index_dict) -%}
    {%- if index.unique -%}
        {%- set columns = index.columns | join(', ') -%}
        select error('rows of {{ relation.identifier }} have the same {{ columns }}')
        from (select {{ columns }} from {{ relation }} group by {{ columns }} having count(*) > 1 limit 1) as doubled
    {%- endif -%}
{%- endmacro %}
