{#-
    What tells the sender of an event apart while nobody has said who it is: the visitor's anonymous id, else the visit.
    Prefixed, so that no id that somebody makes up is taken for a user's or for one of the other kind.
-#}
{% macro device_id() -%}
    coalesce({{ anonymous_device_id() }}, {{ session_device_id() }})
{%- endmacro %}

{% macro anonymous_device_id() -%}
    case when anonymous_id <> '' then concat('anonymous:', anonymous_id) end
{%- endmacro %}

{% macro session_device_id() -%}
    case when session_id <> '' then concat('session:', session_id) end
{%- endmacro %}
