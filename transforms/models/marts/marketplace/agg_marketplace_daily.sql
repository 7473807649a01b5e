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
        *,
        {{ built_at() }} as _built_at
    from measured
)

select * from final
