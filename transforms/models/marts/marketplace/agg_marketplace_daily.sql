{{
    config(
        unique_key='performance_date',
        indexes=[
            {'columns': ['performance_date', 'currency'], 'unique': true},
            {'columns': ['_built_at']},
        ],
    )
}}

with
{{ measured_days({}) }},

final as (
    select
        performance_date,
        currency,
        impression_count,
        click_count,
        view_count,
        unique_viewer_count,
        checkout_count,
        order_count,
        unique_buyer_count,
        active_seller_count,
        refund_count,
        gross_revenue_amount,
        refunded_amount,
        net_revenue_amount,
        click_through_rate,
        conversion_rate,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from measured
)

select * from final
