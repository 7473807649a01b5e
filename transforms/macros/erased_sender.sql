{#-
    The mark an erasure leaves on an event of somebody who was known (see `warehouse/erasure/event.py`). Null for others,
    who may write what they like into their properties.
-#}
{% macro erased_sender() -%}
    case
        when coalesce(user_id, anonymous_id) is null
            then {{ json_text('properties', 'erased_sender') }}
    end
{%- endmacro %}
