{#-
    The key of an impression: one place of one served list. A receipt names a list within the source of its event; a
    prompt that a list shows twice has two places. The day is part of the key, so that a list reported twice can
    change what is known about its day, but never leave it. The key begins with it: those of new impressions lie together
    in every index, however many there were before.
-#}
{% macro impression_key() -%}
    concat(served_date, '-', md5(concat(source, '|', receipt_id, '|', position, '|', prompt_id, '|', served_date)))
{%- endmacro %}
