{{
    config(
        unique_key='refund_id',
        indexes=[
            {'columns': ['refund_id'], 'unique': true},
            {'columns': ['prompt_id', 'order_paid_date']},
            {'columns': ['refunded_at']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
        post_hook=delete_rows_named_by('int_refunds_matched', 'refund_id', 'not is_counted'),
    )
}}

with refunds as (
    select * from {{ ref('int_refunds_matched') }}
    where
        is_counted
        and {{ built_since_last_run() }}
),

final as (
    select
        refund_id,
        order_id,
        prompt_id,
        buyer_organization_id,
        seller_organization_id,
        {{ amount('amount_cents', 'currency') }} as refunded_amount,
        currency,
        reason,
        refunded_at,
        {{ utc_date('refunded_at') }} as refunded_date,
        order_paid_date,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from refunds
)

select * from final
