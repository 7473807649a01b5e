{{
    config(
        unique_key='order_id',
        indexes=[
            {'columns': ['order_id'], 'unique': true},
            {'columns': ['impression_id']},
            {'columns': ['prompt_id', 'buyer_user_id']},
            {'columns': ['receipt_id', 'prompt_id']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- An order is looked at again when it changed, or when a click arrived that it may be owed to.
{%- set clicks = newly_built(ref('int_clicks_matched')) %}
{%- set late_clicks = [
    [clicks, is_credited_to('earlier', 'changed'), 'true'],
    [clicks, 'earlier.receipt_id = changed.receipt_id and earlier.prompt_id = changed.prompt_id', 'true'],
] %}

with receipt_clicks as (
    select * from {{ ref('int_clicks_matched') }}
    where impression_id is not null
),

-- Read a second time under its own name: a CTE that is used twice is computed in whole, past every index.
buyer_clicks as (
    select * from {{ ref('int_clicks_matched') }}
    where impression_id is not null and user_id is not null
),

orders as (
    select * from {{ ref('stg_app__orders') }}
    where {{ is_changed('order_id', ref('stg_app__orders'), late_clicks) }}
),

holders as (
    select
        order_id,
        receipt_id,
        prompt_id,
        buyer_user_id as user_id,
        buyer_organization_id as organization_id,
        cast(null as varchar) as anonymous_id,
        cast(null as varchar) as erased_sender,
        paid_at
    from orders
    where receipt_id is not null
),

-- The receipt an order names is evidence, where the list was shown to its buyer; without it the buyer's last click
-- within 7 days is the best guess.
candidates as (
    select
        holders.order_id,
        receipt_clicks.impression_id,
        0 as preference,
        receipt_clicks.clicked_at,
        receipt_clicks.source,
        receipt_clicks.event_id,
        receipt_clicks._source_loaded_at
    from holders
    inner join receipt_clicks
        on
            holders.receipt_id = receipt_clicks.receipt_id
            and holders.prompt_id = receipt_clicks.prompt_id
            and holders.paid_at >= receipt_clicks.clicked_at
    inner join {{ ref('int_impressions_served') }} as impressions
        on receipt_clicks.impression_id = impressions.impression_id and {{ is_shown_to('holders') }}
    union all
    select
        orders.order_id,
        buyer_clicks.impression_id,
        1 as preference,
        buyer_clicks.clicked_at,
        buyer_clicks.source,
        buyer_clicks.event_id,
        buyer_clicks._source_loaded_at
    from orders
    inner join buyer_clicks
        on {{ is_credited_to('orders', 'buyer_clicks') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by order_id
            order by preference asc, clicked_at desc, source asc, event_id asc
        ) as candidate_number
    from candidates
),

final as (
    select
        orders.order_id,
        ranked.impression_id,
        orders.prompt_id,
        orders.buyer_user_id,
        orders.receipt_id,
        orders.paid_at,
        greatest(orders._loaded_at, ranked._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from orders
    left join ranked on orders.order_id = ranked.order_id and ranked.candidate_number = 1
)

select * from final
