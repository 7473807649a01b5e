{#-
    Reading JSON. What senders wrote is kept as sent, so a number may come as text, a flag as 1, or be nonsense: a value
    that can't be read is null, and never stops a run.
-#}

{#- A value as text; null when it is absent, JSON's null, or a list or an object, which engines write differently. -#}
{% macro json_text(document, key) -%}
    {{ adapter.dispatch('json_text')(document, key) }}
{%- endmacro %}

{% macro postgres__json_text(document, key) -%}
    case when jsonb_typeof({{ document }} -> '{{ key }}') not in ('object', 'array') then {{ document }} ->> '{{ key }}' end
{%- endmacro %}

{% macro duckdb__json_text(document, key) -%}
    (json_value({{ document }}, '$."{{ key }}"') ->> '$')
{%- endmacro %}

{% macro spark__json_text(document, key) -%}
    get_json_object({{ document }}, '$.{{ key }}')
{%- endmacro %}

{% macro json_integer(document, key) -%}
    {{ read_as('integer', json_text(document, key), '^[0-9]{1,9}$') }}
{%- endmacro %}

{% macro json_double(document, key) -%}
    {{ read_as(
        'double precision', json_text(document, key), '^-?[0-9]{1,15}([.][0-9]{1,30})?([eE][-+]?[0-9]{1,2})?$'
    ) }}
{%- endmacro %}

{#- A text as a value of a type, where it has the pattern; else null. -#}
{% macro read_as(type, text, pattern) -%}
    {{ adapter.dispatch('read_as')(type, text, pattern) }}
{%- endmacro %}

{% macro default__read_as(type, text, pattern) -%}
    case when {{ matches(text, pattern) }} then cast({{ text }} as {{ type }}) end
{%- endmacro %}

{#- Takes the text, which costs a look into the document, once. What has no match is empty, and no number. -#}
{% macro duckdb__read_as(type, text, pattern) -%}
    try_cast(regexp_extract({{ text }}, '{{ pattern }}') as {{ type }})
{%- endmacro %}

{#- False unless the value says yes. -#}
{% macro json_boolean(document, key) -%}
    coalesce(lower({{ json_text(document, key) }}) in ('true', 't', 'yes', 'y', 'on', '1'), false)
{%- endmacro %}

{% macro matches(expression, pattern) -%}
    {{ adapter.dispatch('matches')(expression, pattern) }}
{%- endmacro %}

{% macro postgres__matches(expression, pattern) -%}
    ({{ expression }}) ~ '{{ pattern }}'
{%- endmacro %}

{#- There `~` asks for the whole text to match, whatever the pattern says. -#}
{% macro duckdb__matches(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__matches(expression, pattern) -%}
    {{ expression }} rlike '{{ pattern }}'
{%- endmacro %}

{#- A join that gives each element of a JSON array as `item`, with its place from 1 as `item_index`. -#}
{% macro join_json_array(document, key) -%}
    {{ adapter.dispatch('join_json_array')(document, key) }}
{%- endmacro %}

{% macro postgres__join_json_array(document, key) -%}
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof({{ document }} -> '{{ key }}') = 'array' then {{ document }} -> '{{ key }}' end
    ) with ordinality as unnested (item, item_index)
{%- endmacro %}

{#- Without `with ordinality`, which would join the documents with themselves to find their elements again. -#}
{% macro duckdb__join_json_array(document, key) -%}
    {%- set array -%}
        case
            when json_type({{ document }}, '$.{{ key }}') = 'ARRAY'
                then cast(json_extract({{ document }}, '$.{{ key }}') as json[])
        end
    {%- endset -%}
    cross join lateral (
        select
            unnest({{ array }}) as item,
            generate_subscripts({{ array }}, 1) as item_index
    ) as unnested
{%- endmacro %}
