{#-
    The steps, of which the last is `visited_days`, that find of which days whoever looked at prompts is counted again, or of
    which groups of a day: `named` is how a group is called, empty where days are measured as a whole. Who looked can be
    otherwise only where a view or the person of one is new, which `int_visits_counted` tells, or where a prompt changed.
-#}
{% macro visited_days(named) -%}
    -- depends_on: {{ ref('int_visits_counted') }}
    {% if is_incremental() %}
    changed_prompts as (
        select prompt_id from {{ ref('dim_prompts') }}
        where {{ built_since_last_run() }}
    ),

    visited_prompt_days as (
        select
            prompt_id,
            visited_date as performance_date
        from {{ ref('int_visits_counted') }}
        where {{ built_since_last_run() }}
        union
        select
            changed_prompt_days.prompt_id,
            changed_prompt_days.performance_date
        from changed_prompt_days
        inner join changed_prompts on changed_prompt_days.prompt_id = changed_prompts.prompt_id
    ),

    visited_days as (
        select distinct
            {{ (named + ['visited_prompt_days.performance_date']) | join(', ') }}
        from visited_prompt_days
        inner join {{ ref('dim_prompts') }} as prompts on visited_prompt_days.prompt_id = prompts.prompt_id
    ),
    {% endif %}
{%- endmacro %}
