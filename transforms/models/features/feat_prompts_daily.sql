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

-- depends_on: {{ ref('int_clicks_matched') }}
with
{% if is_incremental() %}
    changed_impressions as (
        select
            receipt_id,
            prompt_id,
            served_date,
            served_at
        from {{ ref('fct_impressions') }}
        where {{ built_since_last_run() }}
    ),

    -- With those that were left by it: a click that came earlier takes the place of the first one of another day.
    changed_clicks as (
        select
            clicks.prompt_id,
            clicks.clicked_at
        from {{ ref('int_clicks_matched') }} as clicks
        inner join changed_impressions
            on clicks.receipt_id = changed_impressions.receipt_id and clicks.prompt_id = changed_impressions.prompt_id
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
        prompt_id,
        served_date as activity_date,
        count(
            distinct coalesce(
                case when clicked_at is not null then clicked_person_id else viewer_person_id end, impression_id
            )
        ) as impression_count,
        greatest(max(served_at), max(clicked_at)) as latest_at,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('fct_impressions') }}
    where
        is_counted
        {% if is_incremental() %}
            and (prompt_id, served_date) in (select changed_days.* from changed_days)
        {% endif %}
    group by prompt_id, served_date
),

clicks as (
    select
        prompt_id,
        clicked_person_id,
        impression_id,
        clicked_at,
        {{ utc_date('clicked_at') }} as activity_date,
        _source_loaded_at
    from {{ ref('fct_impressions') }}
    where
        is_counted and clicked_at is not null
        {% if is_incremental() %}
            -- A bound for the index: none of the days begins before it.
            and clicked_at >= (
                select min(moments.moment) - interval '1 day'
                from (
                    select min(changed_impressions.served_at) as moment from changed_impressions
                    union all
                    select min(changed_clicks.clicked_at) as moment from changed_clicks
                ) as moments
            )
        {% endif %}
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
