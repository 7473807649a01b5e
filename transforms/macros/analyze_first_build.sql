{#-
    Fresh statistics after a table was built anew: the models that read it next in the same run would otherwise be
    planned for an empty table. Later growth is the server's own business.
-#}
{% macro analyze_first_build() -%}
    {% if not is_incremental() %}{{ adapter.dispatch('analyze_table')() }}{% endif %}
{%- endmacro %}

{% macro default__analyze_table() -%}
    analyze {{ this }}
{%- endmacro %}

{% macro spark__analyze_table() -%}
    analyze table {{ this }} compute statistics
{%- endmacro %}
