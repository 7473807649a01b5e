with source as (
    select * from {{ source('raw_app', 'orders') }}
),

renamed as (
    select
        order_id,
        prompt_id,
        buyer_organization_id,
        buyer_user_id,
        seller_organization_id,
        external_id,
        stripe_payment_intent_id,
        receipt_id,
        currency,
        status,
        provider,
        prompt_version,
        amount_cents,
        fee_cents,
        paid_at,
        created_at,
        updated_at,
        _loaded_at
    from source
)

select * from renamed
