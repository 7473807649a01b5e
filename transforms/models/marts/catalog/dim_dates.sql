{{
    config(
        unique_key='date_day',
        indexes=[
            {'columns': ['date_day'], 'unique': true},
            {'columns': ['_built_at']},
        ],
    )
}}

-- Refunds whatever became of them: a calendar that is built row by row keeps the day of one that failed later.
{%- set facts = {
    'int_refunds_matched': utc_date('refunded_at'), 'fct_sessions': 'started_date', 'fct_searches': 'searched_date'
} %}

-- Every day from the first to the last on which anything happened, also those on which nothing did.
with seen as (
    select
        min(performance_date) as first_day,
        max(performance_date) as last_day,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('agg_prompts_performance_daily') }}
    where {{ built_since_last_run() }}
    {% for fact, day in facts.items() %}
        union all
        select
            min({{ day }}) as first_day,
            max({{ day }}) as last_day,
            max(_source_loaded_at) as _source_loaded_at
        from {{ ref(fact) }}
        where {{ built_since_last_run() }}
    {% endfor %}
    {% if is_incremental() %}
        union all
        select
            min(date_day) as first_day,
            max(date_day) as last_day,
            max(_source_loaded_at) as _source_loaded_at
        from {{ this }}
    {% endif %}
),

bounds as (
    select
        min(first_day) as first_day,
        max(last_day) as last_day,
        max(_source_loaded_at) as _source_loaded_at
    from seen
),

days as (
    select
        cast(series.moment as date) as date_day,
        bounds._source_loaded_at
    from bounds
    {{ join_day_series('bounds.first_day', 'bounds.last_day') }}
),

new_days as (
    select * from days
    {% if is_incremental() %}
        where date_day not in (select known.date_day from {{ this }} as known)
    {% endif %}
),

final as (
    select
        date_day,
        cast(extract(year from date_day) as integer) as year_number,
        cast(extract(quarter from date_day) as integer) as quarter_number,
        cast(extract(month from date_day) as integer) as month_number,
        cast(extract(day from date_day) as integer) as day_of_month,
        {{ iso_week_number('date_day') }} as iso_week_number,
        {{ iso_day_of_week('date_day') }} as iso_day_of_week,
        {{ iso_day_of_week('date_day') }} >= 6 as is_weekend,
        cast(date_trunc('month', date_day) as date) as month_start_date,
        cast(date_trunc('week', date_day) as date) as week_start_date,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from new_days
)

select * from final
