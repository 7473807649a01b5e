{#- The key of a mart that has a row for each event of a kind: an event's id is unique within its source. -#}
{% macro event_key() -%}
    md5(concat(source, '|', event_id))
{%- endmacro %}
