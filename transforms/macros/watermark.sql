{#-
    What a run has to look at again. A table remembers in `_source_loaded_at` the newest load its rows came from and in
    `_built_at` the newest run that wrote one of them. All rows of one load carry one `_loaded_at`, later than any
    before, and all rows one run writes carry that run's start.

    A table that nothing came into for long, or ever, remembers little. So the pipeline says through which load all tables
    were made when all of them last were (docs/decisions/0015-build-what-changed.md), and none looks further back.

    In a full build everything is new. Otherwise the bound is read first and written into the statement as a literal:
    only with a literal does the planner know that few rows are newer, and take the index instead of the whole history.
-#}

{#- Rows of a staging model that arrived after the newest load this table has seen. -#}
{% macro loaded_since_last_run() -%}
    {% if is_incremental() %}_loaded_at > {{ newest_of_this('_source_loaded_at') }}{% else %}true{% endif %}
{%- endmacro %}

{#- Rows of an incremental model that were written after this table's newest row. -#}
{% macro built_since_last_run() -%}
    {% if is_incremental() %}_built_at > {{ newest_of_this('_built_at') }}{% else %}true{% endif %}
{%- endmacro %}

{#- The rows of a model that were loaded since the last run. -#}
{% macro newly_loaded(model) -%}
    select * from {{ model }} where {{ loaded_since_last_run() }}
{%- endmacro %}

{#- Those that were built since. -#}
{% macro newly_built(model) -%}
    select * from {{ model }} where {{ built_since_last_run() }}
{%- endmacro %}

{#- The stamp this run writes into `_built_at`. -#}
{% macro built_at() -%}
    cast('{{ run_started_at }}' as timestamptz)
{%- endmacro %}

{% macro newest_of_this(column) %}
    {% set newest = none %}
    {% if execute %}
        {% set newest = run_query('select max(' ~ column ~ ') from ' ~ this).columns[0].values()[0] %}
    {% endif %}
    {% if column == '_source_loaded_at' and made_through() is not none %}
        {% set newest = [newest or made_through(), made_through()] | max %}
    {% endif %}
    {% if newest is none %}
        {{ return("cast('1970-01-01 00:00:00+00:00' as timestamptz)") }}
    {% endif %}
    {% if column == '_built_at' and newest >= run_started_at %}
        {{ exceptions.raise_compiler_error(
            "Rows of " ~ this ~ " were built at " ~ newest ~ ", which is not before the start of this run ("
            ~ run_started_at ~ "). The clock was set back; changes would be missed. Correct the clock, or rebuild"
            ~ " everything with --full-refresh."
        ) }}
    {% endif %}
    {{ return("cast('" ~ newest ~ "' as timestamptz)") }}
{% endmacro %}

{#- The load through which every table was made, where the pipeline knows it. Asked when a model runs. -#}
{% macro made_through() %}
    {% set through = env_var('DBT_MADE_THROUGH', '') if execute else '' %}
    {{ return(modules.datetime.datetime.fromisoformat(through) if through else none) }}
{% endmacro %}
