{{
    config(
        unique_key='buyer_organization_id',
        indexes=[
            {'columns': ['buyer_organization_id', 'activity_month', 'currency'], 'unique': true},
            {'columns': ['cohort_month']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

-- A buyer of whom anything is new is summed as a whole: an order that arrives late may move it to an earlier cohort.
with changed_buyers as (
    select buyer_organization_id from {{ ref('stg_app__orders') }}
    where paid_at is not null and {{ loaded_since_last_run() }}
    union
    select buyer_organization_id from {{ ref('int_refunds_matched') }}
    where {{ built_since_last_run() }}
),

orders as (
    select
        order_id,
        buyer_organization_id,
        currency,
        {{ amount('amount_cents', 'currency') }} as gross_amount,
        cast(date_trunc('month', {{ utc_date('paid_at') }}) as date) as activity_month,
        _loaded_at as _source_loaded_at
    from {{ ref('stg_app__orders') }}
    where
        paid_at is not null
        and buyer_organization_id in (select changed_buyers.buyer_organization_id from changed_buyers)
),

refunds as (
    select
        order_id,
        sum({{ amount('amount_cents', 'currency') }}) as refunded_amount,
        max(_source_loaded_at) as _source_loaded_at
    from {{ ref('int_refunds_matched') }}
    where
        is_counted
        and buyer_organization_id in (select changed_buyers.buyer_organization_id from changed_buyers)
    group by order_id
),

cohorts as (
    select
        buyer_organization_id,
        min(activity_month) as cohort_month
    from orders
    group by buyer_organization_id
),

-- The latest cohort it was ever counted in: all from the present one to that have to be counted anew.
{% if is_incremental() %}
    known as (
        select
            buyer_organization_id,
            max(latest_cohort_month) as latest_cohort_month
        from {{ this }}
        where buyer_organization_id in (select changed_buyers.buyer_organization_id from changed_buyers)
        group by buyer_organization_id
    ),
{% endif %}

final as (
    select
        orders.buyer_organization_id,
        cohorts.cohort_month,
        {% if is_incremental() %}
            max(greatest(cohorts.cohort_month, known.latest_cohort_month)) as latest_cohort_month,
        {% else %}
            cohorts.cohort_month as latest_cohort_month,
        {% endif %}
        orders.activity_month,
        orders.currency,
        count(*) as order_count,
        sum(orders.gross_amount) as gross_revenue_amount,
        sum(coalesce(refunds.refunded_amount, 0)) as refunded_amount,
        max(greatest(orders._source_loaded_at, refunds._source_loaded_at)) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from orders
    inner join cohorts on orders.buyer_organization_id = cohorts.buyer_organization_id
    left join refunds on orders.order_id = refunds.order_id
    {% if is_incremental() %}
        -- noqa: disable=ST11
        left join known on orders.buyer_organization_id = known.buyer_organization_id
        -- noqa: enable=ST11
    {% endif %}
    group by orders.buyer_organization_id, cohorts.cohort_month, orders.activity_month, orders.currency
)

select * from final
