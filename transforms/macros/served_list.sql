{#-
    A query for the served lists that were loaded since the last run, with what each says of itself, which is read once here and not
    again for each of its items. What a model doesn't take of it costs nothing.
-#}
{% macro new_served_lists() -%}
    select
        source,
        event_id,
        organization_id,
        user_id,
        anonymous_id,
        session_id,
        properties,
        {{ json_text('properties', 'receipt_id') }} as receipt_id,
        {{ json_text('properties', 'surface') }} as surface,
        {{ json_text('properties', 'policy_version') }} as policy_version,
        {{ search_term(json_text('properties', 'query')) }} as search_term,
        {{ erased_sender() }} as erased_sender,
        coalesce(user_id, {{ device_id() }}) as person_id,
        {{ is_counted_event() }} as is_counted,
        occurred_at as served_at,
        {{ utc_date('occurred_at') }} as served_date,
        _loaded_at as _source_loaded_at
    from {{ ref('stg_events__events') }}
    where
        event_name = 'results.served'
        and {{ loaded_since_last_run() }}
{%- endmacro %}
