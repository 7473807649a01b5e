{#-
    A part of a whole as a number from 0 to 1; null when there is no whole. Double precision, so that every engine
    rounds it alike.
-#}
{% macro rate(part, whole) -%}
    cast({{ part }} as double precision) / nullif({{ whole }}, 0)
{%- endmacro %}
