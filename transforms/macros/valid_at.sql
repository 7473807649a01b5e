{#- Whether a row of a history held at a moment: from its beginning on, and until just before the next one began. -#}
{% macro valid_at(row, moment) -%}
    {{ row }}.valid_from <= {{ moment }} and coalesce({{ moment }} < {{ row }}.valid_to, true)
{%- endmacro %}

{#-
    A query for the keys of a model's facts whose prompt is now known to have been something else at the time: since the last
    run another state of it became known. A first state may have begun earlier than it was thought to, so it concerns all
    facts. Models that use it depend on stg_app__prompt_states.
-#}
{% macro facts_of_changed_states(key, day, moment) -%}
    select earlier.{{ key }}
    from {{ this }} as earlier
    inner join (
        select
            prompt_id,
            min(
                case when state_number = 1 then cast('1970-01-01 00:00:00+00:00' as timestamptz) else valid_from end
            ) as changed_from
        from {{ ref('stg_app__prompt_states') }}
        where {{ loaded_since_last_run() }}
        group by prompt_id
    ) as changed_states
        on
            earlier.prompt_id = changed_states.prompt_id
            and earlier.{{ day }} >= {{ utc_date('changed_states.changed_from') }}
            and earlier.{{ moment }} >= changed_states.changed_from
{%- endmacro %}
