{{
    config(
        unique_key='performance_date',
        indexes=[
            {'columns': ['category', 'performance_date', 'currency'], 'unique': true},
            {'columns': ['performance_date']},
            {'columns': ['_built_at']},
        ],
    )
}}

with
{{ measured_days({'category': "coalesce(prompts.category, '')"}) }},

final as (
    select
        *,
        {{ built_at() }} as _built_at
    from measured
)

select * from final
