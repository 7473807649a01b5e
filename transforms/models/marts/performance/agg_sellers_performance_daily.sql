{{
    config(
        unique_key=['seller_organization_id', 'performance_date'],
        indexes=[
            {'columns': ['seller_organization_id', 'performance_date', 'currency'], 'unique': true},
            {'columns': ['performance_date']},
            {'columns': ['_built_at']},
        ],
    )
}}

with
{{
    measured_days(
        {'seller_organization_id': 'prompts.seller_organization_id'}, is_for_ever=true, has_parties=false
    )
}},

final as (
    select
        *,
        {{ built_at() }} as _built_at
    from measured
)

select * from final
