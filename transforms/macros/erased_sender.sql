{#-
    The mark an erasure leaves on an event of somebody who was known (see `warehouse/erasure/event.py`). Null for others,
    who may write what they like into their properties. `of` is the alias of the events with a point, or nothing.
-#}
{% macro erased_sender(of='') -%}
    case
        when coalesce({{ of }}user_id, {{ of }}anonymous_id) is null
            then {{ json_text(of ~ 'properties', 'erased_sender') }}
    end
{%- endmacro %}
