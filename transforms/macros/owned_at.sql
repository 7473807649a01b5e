{#- Whether a device belonged to the user of a row of int_persons_stitched at a moment. -#}
{% macro owned_at(stretch, moment) -%}
    {{ stretch }}.valid_from <= {{ moment }} and coalesce({{ moment }} < {{ stretch }}.valid_to, true)
{%- endmacro %}
