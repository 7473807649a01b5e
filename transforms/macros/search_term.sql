{#-
    What somebody searched for, as one term however it was typed: lower case, single blanks, none around it, and no longer
    than an index takes. Null when nothing is left.
-#}
{% macro search_term(query) -%}
    nullif(
        trim(left(lower({{ adapter.dispatch('replace_blanks')(query) }}), 200)), ''
    )
{%- endmacro %}

{% macro default__replace_blanks(text) -%}
    regexp_replace({{ text }}, '[ \t\r\n]+', ' ', 'g')
{%- endmacro %}

{% macro spark__replace_blanks(text) -%}
    regexp_replace({{ text }}, '[ \t\r\n]+', ' ')
{%- endmacro %}

{#- A query for the days of which searches, their lists, or clicks in these are new since the last run. -#}
{% macro changed_search_days() -%}
    select searched_date from {{ ref('fct_searches') }}
    where {{ built_since_last_run() }}
    union
    select served_date as searched_date from {{ ref('int_searches_answered') }}
    where {{ built_since_last_run() }}
    union
    select lists.served_date as searched_date
    from {{ ref('int_searches_answered') }} as lists
    inner join (
        select
            source,
            receipt_id,
            served_date
        from {{ ref('fct_impressions') }}
        where {{ built_since_last_run() }}
    ) as impressions
        on
            lists.receipt_id = impressions.receipt_id
            and lists.source = impressions.source
            and lists.served_date = impressions.served_date
{%- endmacro %}

{#- A statement that takes out these days, of which the model writes what is left: a term may be gone for good. -#}
{% macro delete_changed_search_days() -%}
    {% if is_incremental() %}
        delete from {{ this }} where searched_date in ({{ changed_search_days() }})
    {% endif %}
{%- endmacro %}
