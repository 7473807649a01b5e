with source as (
    select * from {{ source('raw_app', 'refunds') }}
),

renamed as (
    select
        refund_id,
        order_id,
        stripe_refund_id,
        currency,
        status,
        reason,
        amount_cents,
        refunded_at,
        created_at,
        updated_at,
        _loaded_at
    from source
)

select * from renamed
