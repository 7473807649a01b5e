{#-
    Which rows a test has to look at. Where history is long, the pipeline says through which load and which build
    everything was tested before (docs/decisions/0033-checks-of-what-changed.md); without that, as from the command line
    and on DuckDB, tests look at everything. Asked when a test runs, not when the project is parsed.
-#}
{% macro tested_through(column) -%}
    {%- if execute -%}
        {{ return(env_var('DBT_TESTED_' ~ ('LOADED' if column.endswith('_loaded_at') else 'BUILT') ~ '_THROUGH', '')) }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{#- Rows of a staging model (`_loaded_at`) or of an incremental one (`_built_at`) that were not tested before. -#}
{% macro is_untested(column='_built_at') -%}
    {%- set through = tested_through(column) -%}
    {%- if through %}{{ column }} > cast('{{ through }}' as timestamptz){% else %}true{% endif -%}
{%- endmacro %}

{#- The column that tells when the rows of a table came, by the layer it is of. -#}
{% macro arrival_column(relation) -%}
    {%- set name = relation | string -%}
    {{ return('_loaded_at' if 'staging' in name.split('.')[-2] or 'raw_' in name.split('.')[-2] else '_built_at') }}
{%- endmacro %}

{#-
    Tests that judge each row by itself look at rows that were not tested; dbt asks this for the table of each. It calls
    no other macro of ours, because dbt would not find it from here.
-#}
{% macro default__get_where_subquery(relation) -%}
    {%- set of_rows = ['not_null', 'accepted_values', 'relationships', 'expression_is_true', 'non_negative'] -%}
    {%- set conditions = [config.get('where')] if config.get('where') else [] -%}
    {%- if execute and model.test_metadata and model.test_metadata.name in of_rows -%}
        {%- set is_staging = relation.schema == 'staging' or relation.schema.startswith('raw_') -%}
        {%- set through = env_var('DBT_TESTED_' ~ ('LOADED' if is_staging else 'BUILT') ~ '_THROUGH', '') -%}
        {%- if through -%}
            {%- do conditions.append(
                ('_loaded_at' if is_staging else '_built_at') ~ " > cast('" ~ through ~ "' as timestamptz)"
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if conditions -%}
        {%- do return('(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') as tested_rows') -%}
    {%- endif -%}
    {%- do return(relation) -%}
{%- endmacro %}

{#-
    Whether anything of a batch was not tested. Batches are read first and written as literals: only so does the planner
    know that they are few, and take the index instead of all events.
-#}
{% macro is_untested_batch() -%}
    {%- if not tested_through('_loaded_at') -%}{{ return('true') }}{%- endif -%}
    {%- set batches = [] -%}
    {%- for model in ['stg_events__event_batches', 'stg_events__events'] -%}
        {%- set found = run_query(
            'select distinct batch_id from ' ~ ref(model)
            ~ ' where batch_id is not null and ' ~ is_untested('_loaded_at')
        ) -%}
        {%- do batches.extend(found.columns[0].values()) -%}
    {%- endfor -%}
    {{ 'batch_id in (' ~ batches | unique | join(', ') ~ ')' if batches else 'false' }}
{%- endmacro %}

{#- Of the keys of rows that were not tested, whichever rows of the whole table have them. -#}
{% macro has_untested_key(table, columns) -%}
    {%- set column = arrival_column(table) -%}
    {%- if tested_through(column) -%}
        ({{ columns | join(', ') }}) in (select {{ columns | join(', ') }} from {{ table }} where {{ is_untested(column) }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#-
    The days of which anything was not tested; `models` names each table's day. Read first, so that the tests say them as
    literals and the planner knows how few rows are of them. None where all days have to be looked at.
-#}
{% macro untested_days(models) -%}
    {%- set queries = [] -%}
    {%- for name, day in models.items() -%}
        {%- do queries.append('select ' ~ day ~ ' from ' ~ ref(name) ~ ' where ' ~ is_untested()) -%}
    {%- endfor -%}
    {%- if tested_through('_built_at') -%}
        {{ return(run_query(queries | join(' union ')).columns[0].values() | list) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{% macro is_one_of(day, days) -%}
    {%- set literals = [] -%}
    {%- for one in days or [] -%}
        {%- do literals.append("cast('" ~ one ~ "' as date)") -%}
    {%- endfor -%}
    {{ return('true' if days is none else day ~ ' in (' ~ literals | join(', ') ~ ')' if literals else 'false') }}
{%- endmacro %}

{#- The same of a moment, by whose index the rows are found. -#}
{% macro happened_on(moment, days) -%}
    {%- set ranges = [] -%}
    {%- for one in days or [] -%}
        {%- set midnight = "cast('" ~ one ~ " 00:00:00+00:00' as timestamptz)" -%}
        {%- do ranges.append(
            moment ~ ' >= ' ~ midnight ~ ' and ' ~ moment ~ ' < ' ~ midnight ~ " + interval '24 hours'"
        ) -%}
    {%- endfor -%}
    {{ return('true' if days is none else '(' ~ ranges | join(' or ') ~ ')' if ranges else 'false') }}
{%- endmacro %}

{#- Sessions that were not tested, and all that end later than half an hour before the first of them begins. -#}
{% macro is_session_near_untested() -%}
    {%- if not tested_through('_built_at') -%}{{ return('true') }}{%- endif -%}
    {%- set first = run_query(
        "select min(started_at - interval '30 minutes') from " ~ ref('fct_sessions') ~ ' where ' ~ is_untested()
    ).columns[0].values()[0] -%}
    {{ return("ended_at > cast('" ~ first ~ "' as timestamptz)" if first else 'false') }}
{%- endmacro %}
