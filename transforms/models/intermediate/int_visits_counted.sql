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
        visits.prompt_id,
        visits.viewed_date as visited_date,
        count(*) as view_count,
        count(distinct visits.person_id) as unique_viewer_count,
        max(visits._source_loaded_at) as _source_loaded_at
    from {{ rows_with_key_of(
        'changed_days', 'prompt_id, visited_date', ref('int_views_identified'), 'visits',
        'visits.prompt_id = wanted.prompt_id and visits.viewed_date = wanted.visited_date'
    ) }}
    group by visits.prompt_id, visits.viewed_date
),

checkouts as (
    select
        visits.prompt_id,
        visits.started_date as visited_date,
        count(*) as checkout_count,
        max(visits._source_loaded_at) as _source_loaded_at
    from {{ rows_with_key_of(
        'changed_days', 'prompt_id, visited_date', ref('int_checkouts_matched'), 'visits',
        'visits.prompt_id = wanted.prompt_id and visits.started_date = wanted.visited_date'
    ) }}
    where visits.prompt_id is not null
    group by visits.prompt_id, visits.started_date
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
