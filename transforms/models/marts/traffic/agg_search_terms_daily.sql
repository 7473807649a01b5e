{{
    config(
        unique_key=['search_term', 'searched_date'],
        indexes=[
            {'columns': ['search_term', 'searched_date'], 'unique': true},
            {'columns': ['searched_date']},
            {'columns': ['_built_at']},
        ],
        pre_hook="{{ delete_changed_search_days() }}",
    )
}}

with changed_days as (
    {{ changed_search_days() }}
),

searches as (
    select
        {{ search_term('all_searches.query') }} as search_term,
        all_searches.*
    {% if is_incremental() %}
        from changed_days
        {{ join_by_index(
            ref('fct_searches'), 'all_searches', is_on_day('all_searches.searched_at', 'changed_days.searched_date')
        ) }}
    {% else %}
        from {{ ref('fct_searches') }} as all_searches
    {% endif %}
    where all_searches.is_counted
),

counted as (
    select
        search_term,
        searched_date,
        count(*) as search_count,
        count(case when is_without_result then 1 end) as zero_result_count,
        count(distinct person_id) as unique_searcher_count,
        max(_source_loaded_at) as _source_loaded_at
    from searches
    where search_term is not null
    group by search_term, searched_date
),

-- A list that was reported twice is one.
lists as (
    select distinct
        source,
        receipt_id,
        served_date,
        search_term
    from {{ ref('int_searches_answered') }}
    where served_date in (select changed_days.searched_date from changed_days)
),

clicks as (
    select
        lists.search_term,
        lists.served_date as searched_date,
        count(*) as click_count,
        max(impressions._source_loaded_at) as _source_loaded_at
    from lists
    inner join {{ ref('fct_impressions') }} as impressions
        on
            lists.receipt_id = impressions.receipt_id
            and lists.source = impressions.source
            and lists.served_date = impressions.served_date
    where impressions.is_clicked and impressions.is_counted
    group by lists.search_term, lists.served_date
),

final as (
    select
        search_term,
        searched_date,
        coalesce(counted.search_count, 0) as search_count,
        coalesce(counted.zero_result_count, 0) as zero_result_count,
        coalesce(counted.unique_searcher_count, 0) as unique_searcher_count,
        coalesce(clicks.click_count, 0) as click_count,
        {{ rate('counted.zero_result_count', 'counted.search_count') }} as zero_result_rate,
        greatest(counted._source_loaded_at, clicks._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from counted
    full outer join clicks using (search_term, searched_date)
)

select * from final
