{#-
    What the planner knows about a table that was just built. The models that read it next ask for what is new in it; a
    server that hasn't noticed yet takes that for one row, and plans millions of look-ups. After a full build all
    columns are sampled, after an incremental one only the two that tell what is new, with a sample that takes
    milliseconds however large the table is.
-#}
{% macro keep_statistics() -%}
    {{ adapter.dispatch('keep_statistics')() }}
{%- endmacro %}

{% macro default__keep_statistics() -%}
{%- endmacro %}

{% macro postgres__keep_statistics() -%}
    {% if is_incremental() %}
        analyze {{ this }} (_source_loaded_at, _built_at)
    {% else %}
        {#- 300 rows are sampled for each unit of the target. -#}
        alter table {{ this }}
            alter column _source_loaded_at set statistics 20,
            alter column _built_at set statistics 20;
        analyze {{ this }}
    {% endif %}
{%- endmacro %}

{% macro spark__keep_statistics() -%}
    analyze table {{ this }} compute statistics
{%- endmacro %}
