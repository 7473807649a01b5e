{#-
    The steps of a history, of which the last is `states`: what an entity was, each time with the moment at which the next one
    began. A new state ends the one before it, so all states of an entity that has a new one are made again.
-#}
{% macro history_of(model, entity) -%}
    changed_entities as (
        select distinct {{ entity }} from {{ ref(model) }}
        where {{ loaded_since_last_run() }}
    ),

    recorded_states as (
        select
            *,
            lead(valid_from) over (partition by {{ entity }} order by state_number) as valid_to
        from {{ ref(model) }}
        where {{ entity }} in (select changed_entities.{{ entity }} from changed_entities)
    ),

    states as (
        select
            *,
            valid_to is null as is_current
        from recorded_states
    )
{%- endmacro %}
