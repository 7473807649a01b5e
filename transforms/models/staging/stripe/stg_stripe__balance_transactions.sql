with source as (
    select * from {{ source('raw_stripe', 'balance_transactions') }}
),

renamed as (
    select
        balance_transaction_id,
        payment_intent_id,
        source_id,
        source_object,
        type as transaction_type,
        reporting_category,
        currency,
        source_currency,
        amount_cents,
        fee_cents,
        net_cents,
        source_amount_cents,
        exchange_rate,
        booked_at,
        available_at,
        _loaded_at
    from source
)

select * from renamed
