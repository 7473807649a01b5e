{#-
    The key of a mart that has a row for each event of a kind: an event's id is unique within its source. It begins with
    the day, which no event ever leaves: the keys of new ones lie together in every index, however many there were before.
-#}
{% macro event_key() -%}
    concat({{ utc_date('occurred_at') }}, '-', md5(concat(source, '|', event_id)))
{%- endmacro %}
