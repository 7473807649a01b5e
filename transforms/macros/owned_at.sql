{#- Whether a device belonged to the user of a row of int_persons_stitched at a moment. -#}
{% macro owned_at(stretch, moment) -%}
    {{ valid_at(stretch, moment) }}
{%- endmacro %}
