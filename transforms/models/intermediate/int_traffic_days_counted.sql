{{
    config(
        unique_key=['prompt_id', 'performance_date'],
        indexes=[
            {'columns': ['prompt_id', 'performance_date'], 'unique': true},
            {'columns': ['_built_at']},
        ],
    )
}}

with changed_days as (
    select
        prompt_id,
        served_date as performance_date
    from {{ ref('fct_impressions') }}
    where {{ built_since_last_run() }}
    union
    select
        prompt_id,
        viewed_date as performance_date
    from {{ ref('int_views_identified') }}
    where {{ built_since_last_run() }}
    union
    select
        prompt_id,
        started_date as performance_date
    from {{ ref('int_checkouts_matched') }}
    where prompt_id is not null and {{ built_since_last_run() }}
),

impressions as (
    select
        prompt_id,
        served_date as performance_date,
        count(*) as impression_count,
        count(case when is_clicked then 1 end) as click_count,
        count(case when is_purchased then 1 end) as purchased_impression_count,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('fct_impressions') }}
    where (prompt_id, served_date) in (select changed_days.* from changed_days)
    group by prompt_id, served_date
),

views as (
    select
        prompt_id,
        viewed_date as performance_date,
        count(*) as view_count,
        count(distinct visitor_id) as unique_viewer_count,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('int_views_identified') }}
    where (prompt_id, viewed_date) in (select changed_days.* from changed_days)
    group by prompt_id, viewed_date
),

checkouts as (
    select
        prompt_id,
        started_date as performance_date,
        count(*) as checkout_count,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('int_checkouts_matched') }}
    where (prompt_id, started_date) in (select changed_days.* from changed_days)
    group by prompt_id, started_date
),

final as (
    select
        prompt_id,
        coalesce(impressions.impression_count, 0) as impression_count,
        coalesce(impressions.click_count, 0) as click_count,
        coalesce(impressions.purchased_impression_count, 0) as purchased_impression_count,
        coalesce(views.view_count, 0) as view_count,
        coalesce(views.unique_viewer_count, 0) as unique_viewer_count,
        coalesce(checkouts.checkout_count, 0) as checkout_count,
        performance_date,
        greatest(
            impressions._source_loaded_at, views._source_loaded_at, checkouts._source_loaded_at
        ) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from impressions
    full outer join views using (prompt_id, performance_date)
    full outer join checkouts using (prompt_id, performance_date)
)

select * from final
