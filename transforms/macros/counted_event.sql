{#-
    Whether an event counts in the performance measures: bots, operators, and sellers looking at their own prompts are
    kept, and left out here. Events stored before the server noted who sent them have no marks, and count.
-#}
{% macro is_counted_event() -%}
    coalesce(agent, 'program') <> 'bot' and not coalesce(is_staff, false) and not coalesce(is_own, false)
{%- endmacro %}
