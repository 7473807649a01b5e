{{
    config(
        unique_key='impression_id',
        indexes=[
            {'columns': ['impression_id'], 'unique': true},
            {'columns': ['prompt_id', 'served_date']},
            {'columns': ['receipt_id']},
            {'columns': ['served_at']},
            {'columns': ['clicked_at']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- depends_on: {{ ref('stg_app__prompt_states') }}
with
{% if is_incremental() %}
    changed_orders as (
        select * from {{ ref('int_orders_credited') }}
        where {{ built_since_last_run() }}
    ),

    -- Lists in which a click or a purchase may have come, gone or moved: a purchase moves between the lists its buyer
    -- clicked in shortly before it.
    changed_lists as (
        select
            receipt_id,
            prompt_id
        from {{ ref('int_clicks_matched') }}
        where {{ built_since_last_run() }}
        union
        select
            clicks.receipt_id,
            clicks.prompt_id
        from {{ ref('int_clicks_matched') }} as clicks
        inner join changed_orders
            on {{ is_credited_to('changed_orders', 'clicks') }}
        union
        select
            receipt_id,
            prompt_id
        from changed_orders
        where receipt_id is not null
    ),

    changed_impressions as (
        select impression_id from {{ ref('int_impressions_served') }}
        where {{ built_since_last_run() }}
        union
        select impressions.impression_id
        from {{ ref('int_impressions_served') }} as impressions
        inner join changed_lists
            on
                impressions.receipt_id = changed_lists.receipt_id
                and impressions.prompt_id = changed_lists.prompt_id
        union
        -- What their prompt cost at the time became known later.
        {{ facts_of_changed_states('impression_id', 'served_date', 'served_at') }}
        union
        -- Those that waited for their prompt to be loaded.
        select impressions.impression_id
        from {{ ref('int_impressions_served') }} as impressions
        where
            impressions.prompt_id in (
                select prompts.prompt_id from {{ ref('dim_prompts') }} as prompts
                where {{ built_since_last_run() }}
            )
            and not exists (
                select 1 from {{ this }} as earlier
                where earlier.impression_id = impressions.impression_id
            )
    ),
{% endif %}

impressions as (
    select * from {{ ref('int_impressions_served') }}
    {% if is_incremental() %}
        where impression_id in (select changed_impressions.impression_id from changed_impressions)
    {% endif %}
),

-- The first click in each, with whoever made it.
clicks as (
    select
        clicks.impression_id,
        clicks.clicked_at,
        clicks.person_id,
        max(clicks._source_loaded_at) over (partition by clicks.impression_id) as _source_loaded_at,
        row_number() over (
            partition by clicks.impression_id
            order by clicks.clicked_at, clicks.source, clicks.event_id
        ) as click_number
    from {{ rows_with_key_of('impressions', 'receipt_id', ref('int_clicks_matched'), 'clicks') }}
    inner join impressions on clicks.impression_id = impressions.impression_id
),

purchases as (
    select
        orders.impression_id,
        min(orders.paid_at) as purchased_at,
        max(orders._source_loaded_at) as _source_loaded_at
    from {{ ref('int_orders_credited') }} as orders
    inner join impressions on orders.impression_id = impressions.impression_id
    group by orders.impression_id
),

final as (
    select
        impressions.impression_id,
        impressions.receipt_id,
        impressions.prompt_id,
        impressions.prompt_version,
        prompts.seller_organization_id,
        listed.price_amount as list_price_amount,
        listed.currency as list_currency,
        impressions.surface,
        impressions.policy_version,
        impressions.position,
        impressions.score,
        impressions.propensity,
        impressions.is_exploration,
        impressions.is_counted
        and coalesce(impressions.organization_id <> prompts.seller_organization_id, true) as is_counted,
        clicks.impression_id is not null as is_clicked,
        clicks.clicked_at,
        clicks.person_id as clicked_person_id,
        purchases.impression_id is not null as is_purchased,
        purchases.purchased_at,
        impressions.served_at,
        impressions.served_date,
        impressions.organization_id,
        impressions.user_id,
        impressions.person_id as viewer_person_id,
        impressions.session_id,
        impressions.source,
        greatest(
            impressions._source_loaded_at, clicks._source_loaded_at, purchases._source_loaded_at,
            listed._source_loaded_at
        ) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from impressions
    inner join {{ ref('dim_prompts') }} as prompts on impressions.prompt_id = prompts.prompt_id
    left join {{ ref('dim_prompts_history') }} as listed
        on impressions.prompt_id = listed.prompt_id and {{ valid_at('listed', 'impressions.served_at') }}
    left join clicks on impressions.impression_id = clicks.impression_id and clicks.click_number = 1
    left join purchases on impressions.impression_id = purchases.impression_id
)

select * from final
