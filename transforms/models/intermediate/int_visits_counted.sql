{{
    config(
        unique_key=['prompt_id', 'visited_date'],
        indexes=[
            {'columns': ['prompt_id', 'visited_date'], 'unique': true},
            {'columns': ['_built_at']},
        ],
    )
}}

with changed_days as (
    select
        prompt_id,
        viewed_date as visited_date
    from {{ ref('int_views_identified') }}
    where {{ built_since_last_run() }}
    union
    select
        prompt_id,
        started_date as visited_date
    from {{ ref('int_checkouts_matched') }}
    where prompt_id is not null and {{ built_since_last_run() }}
),

views as (
    select
        prompt_id,
        viewed_date as visited_date,
        count(*) as view_count,
        count(distinct person_id) as unique_viewer_count,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('int_views_identified') }}
    where (prompt_id, viewed_date) in (select changed_days.* from changed_days)
    group by prompt_id, viewed_date
),

checkouts as (
    select
        prompt_id,
        started_date as visited_date,
        count(*) as checkout_count,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('int_checkouts_matched') }}
    where (prompt_id, started_date) in (select changed_days.* from changed_days)
    group by prompt_id, started_date
),

final as (
    select
        prompt_id,
        coalesce(views.view_count, 0) as view_count,
        coalesce(views.unique_viewer_count, 0) as unique_viewer_count,
        coalesce(checkouts.checkout_count, 0) as checkout_count,
        visited_date,
        greatest(views._source_loaded_at, checkouts._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from views
    full outer join checkouts using (prompt_id, visited_date)
)

select * from final
