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

-- depends_on: {{ ref('stg_app__prompt_states') }}
with orders as (
    select * from {{ ref('stg_app__orders') }}
    where
        paid_at is not null
        {% if is_incremental() %}
            and (
                {{ loaded_since_last_run() }}
                -- What their prompt cost at the time became known later.
                or order_id in ({{ facts_of_changed_states('order_id', 'paid_date', 'paid_at') }})
            )
        {% endif %}
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
        converted.order_id,
        converted.external_id,
        converted.prompt_id,
        converted.prompt_version,
        converted.buyer_organization_id,
        converted.buyer_user_id,
        converted.seller_organization_id,
        converted.gross_amount,
        converted.fee_amount,
        cast(converted.gross_amount - converted.fee_amount as numeric(18, 2)) as net_amount,
        converted.currency,
        listed.price_amount as list_price_amount,
        listed.currency as list_currency,
        converted.status,
        converted.provider,
        converted.paid_at,
        {{ utc_date('converted.paid_at') }} as paid_date,
        greatest(converted._loaded_at, listed._source_loaded_at) as _source_loaded_at,
        {{ built_at() }} as _built_at
    from converted
    left join {{ ref('dim_prompts_history') }} as listed
        on converted.prompt_id = listed.prompt_id and {{ valid_at('listed', 'converted.paid_at') }}
)

select * from final
