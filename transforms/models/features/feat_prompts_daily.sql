{{
    config(
        unique_key=['prompt_id', 'activity_date'],
        indexes=[
            {'columns': ['prompt_id', 'activity_date'], 'unique': true},
            {'columns': ['activity_date']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- depends_on: {{ ref('int_clicks_matched') }}, {{ ref('int_impressions_served') }}, {{ ref('dim_prompts') }}
with
{% if is_incremental() %}
    changed_impressions as (
        select
            receipt_id,
            prompt_id,
            served_date
        from {{ ref('fct_impressions') }}
        where
            {{ built_since_last_run() }}
            -- It is shown, clicked, or its prompt is known: what an order or a price changes of it is not counted here.
            and (
                impression_id in (
                    select served.impression_id from {{ ref('int_impressions_served') }} as served
                    where {{ built_since_last_run() }}
                )
                or (receipt_id, prompt_id) in (
                    select
                        clicks.receipt_id,
                        clicks.prompt_id
                    from {{ ref('int_clicks_matched') }} as clicks
                    where {{ built_since_last_run() }}
                )
                or prompt_id in (
                    select prompts.prompt_id from {{ ref('dim_prompts') }} as prompts
                    where {{ built_since_last_run() }}
                )
            )
    ),

    -- With those that were left by it: a click that came earlier takes the place of the first one of another day.
    changed_clicks as (
        select
            clicks.prompt_id,
            clicks.clicked_at
        from {{ rows_with_key_of('changed_impressions', 'receipt_id', ref('int_clicks_matched'), 'clicks') }}
        where
            exists (
                select 1 from changed_impressions
                where
                    changed_impressions.receipt_id = clicks.receipt_id
                    and changed_impressions.prompt_id = clicks.prompt_id
            )
    ),

    changed_days as (
        select
            prompt_id,
            served_date as activity_date
        from changed_impressions
        union
        select
            prompt_id,
            {{ utc_date('clicked_at') }} as activity_date
        from changed_clicks
    ),
{% endif %}

-- A person is one impression of a prompt a day, and one click, however often.
shown as (
    select
        impressions.prompt_id,
        impressions.served_date as activity_date,
        count(
            distinct coalesce(
                case
                    when impressions.clicked_at is not null then impressions.clicked_person_id
                    else impressions.viewer_person_id
                end,
                impressions.impression_id
            )
        ) as impression_count,
        greatest(max(impressions.served_at), max(impressions.clicked_at)) as latest_at,
        max(impressions._source_loaded_at) as _source_loaded_at
    from {{ rows_with_key_of(
        'changed_days', 'prompt_id, activity_date', ref('fct_impressions'), 'impressions',
        'impressions.prompt_id = wanted.prompt_id and impressions.served_date = wanted.activity_date'
    ) }}
    where impressions.is_counted
    group by impressions.prompt_id, impressions.served_date
),

clicks as (
    select
        impressions.prompt_id,
        impressions.clicked_person_id,
        impressions.impression_id,
        impressions.clicked_at,
        {{ utc_date('impressions.clicked_at') }} as activity_date,
        impressions._source_loaded_at
    from {{ rows_with_key_of(
        'changed_days', 'activity_date', ref('fct_impressions'), 'impressions',
        is_on_day('impressions.clicked_at', 'wanted.activity_date')
    ) }}
    where impressions.is_counted and impressions.clicked_at is not null
),

clicked as (
    select
        prompt_id,
        activity_date,
        count(distinct coalesce(clicked_person_id, impression_id)) as click_count,
        max(clicked_at) as latest_at,
        max(_source_loaded_at) as _source_loaded_at
    from clicks
    {% if is_incremental() %}
        where (prompt_id, activity_date) in (select changed_days.* from changed_days)
    {% endif %}
    group by prompt_id, activity_date
),

counted as (
    select
        prompt_id,
        activity_date,
        coalesce(shown.impression_count, 0) as impression_count,
        coalesce(clicked.click_count, 0) as click_count,
        greatest(shown.latest_at, clicked.latest_at) as latest_at,
        greatest(shown._source_loaded_at, clicked._source_loaded_at) as _source_loaded_at
    from shown
    full outer join clicked using (prompt_id, activity_date)
    {% if is_incremental() %}
        -- A day on which nothing is left takes the place of what was there.
        full outer join changed_days using (prompt_id, activity_date)
    {% endif %}
),

final as (
    select
        *,
        {{ built_at() }} as _built_at
    from counted
)

select * from final
