{#-
    The mark an erasure leaves on an event of somebody who was known (see `warehouse/erasure/event.py`). Null for others,
    who may write what they like into their properties.
-#}
{% macro erased_sender(events) -%}
    case
        when coalesce({{ events }}.user_id, {{ events }}.anonymous_id) is null
            then {{ json_text(events ~ '.properties', 'erased_sender') }}
    end
{%- endmacro %}
