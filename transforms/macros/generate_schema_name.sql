{#- A model lands in the schema it names, whatever the target: readers and the publication know schemas by name. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}
