{{
    config(
        unique_key='balance_transaction_id',
        indexes=[
            {'columns': ['balance_transaction_id'], 'unique': true},
            {'columns': ['order_id']},
            {'columns': ['booked_at']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with payments as (
    select * from {{ ref('int_payments_matched') }}
    where
        is_counted
        and {{ built_since_last_run() }}
),

final as (
    select
        balance_transaction_id,
        order_id,
        prompt_id,
        buyer_organization_id,
        seller_organization_id,
        source_id as stripe_source_id,
        reporting_category,
        {{ amount('amount_cents', 'currency') }} as gross_amount,
        {{ amount('fee_cents', 'currency') }} as fee_amount,
        {{ amount('net_cents', 'currency') }} as net_amount,
        currency,
        {{ amount('source_amount_cents', 'source_currency') }} as order_amount,
        source_currency as order_currency,
        exchange_rate,
        paid_at,
        booked_at,
        {{ utc_date('booked_at') }} as booked_date,
        available_at,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from payments
)

select * from final
