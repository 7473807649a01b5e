{#-
    A statement that deletes the rows of devices of which it became known since the last run whose they are: what was
    done on them is the user's from now on. Replacing rows by person can't do that, because nobody of that name is left.
    Runs in the model's own transaction, before the model's rows are written.
-#}
{% macro delete_persons_who_turned_out_to_be_users() -%}
    {% if is_incremental() %}
        delete from {{ this }}
        where person_id in (select device_id from {{ ref('int_persons_stitched') }} where {{ built_since_last_run() }})
    {% endif %}
{%- endmacro %}
