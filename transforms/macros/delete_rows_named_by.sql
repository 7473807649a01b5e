{#-
    A statement that deletes what another model says no longer holds. Replacing rows by key can't do that: a row that
    went has no successor. Runs in the model's own transaction.
-#}
{% macro delete_rows_named_by(model, key, condition) %}
    {{ return(
        "delete from {{ this }} where " ~ key ~ " in (select " ~ key ~ " from {{ ref('" ~ model ~ "') }} where "
        ~ condition ~ ")"
    ) }}
{% endmacro %}
