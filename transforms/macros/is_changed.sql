{#-
    A condition on rows of a model that a run has to look at again: those loaded since the last run, and those of which
    anything else changed that they depend on. In a full build all rows are. `reasons` are lists of three: the changed rows of
    another model, as a query; by what a row of this table, as `earlier`, is joined to one of them, as `changed`; and which
    rows it can matter to.
-#}
{% macro is_changed(key, model, reasons) -%}
    {%- if is_incremental() -%}
        {{ key }} in ({{ changed_keys(key, model, reasons) }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{% macro changed_keys(key, model, reasons) -%}
    select {{ key }} from {{ model }}
    where {{ loaded_since_last_run() }}
    {% for changed, same, condition in reasons %}
        union
        select earlier.{{ key }}
        from {{ this }} as earlier
        inner join ({{ changed }}) as changed on {{ same }}
        where {{ condition }}
    {% endfor %}
{%- endmacro %}
