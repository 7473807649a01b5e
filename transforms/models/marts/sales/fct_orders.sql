{{
    config(
        unique_key='order_id',
        indexes=[
            {'columns': ['order_id'], 'unique': true},
            {'columns': ['prompt_id', 'paid_date']},
            {'columns': ['paid_at']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with orders as (
    select * from {{ ref('stg_app__orders') }}
    where
        paid_at is not null
        and {{ loaded_since_last_run() }}
),

converted as (
    select
        *,
        {{ amount('amount_cents', 'currency') }} as gross_amount,
        -- Only Stripe keeps a fee, and tells it a moment after the payment: until then it is unknown, not zero.
        case
            when provider = 'stripe' then {{ amount('fee_cents', 'currency') }}
            else {{ amount('coalesce(fee_cents, 0)', 'currency') }}
        end as fee_amount
    from orders
),

final as (
    select
        order_id,
        external_id,
        prompt_id,
        buyer_organization_id,
        buyer_user_id,
        seller_organization_id,
        gross_amount,
        fee_amount,
        cast(gross_amount - fee_amount as numeric(18, 2)) as net_amount,
        currency,
        status,
        provider,
        paid_at,
        {{ utc_date('paid_at') }} as paid_date,
        _loaded_at as _source_loaded_at,
        {{ built_at() }} as _built_at
    from converted
)

select * from final
