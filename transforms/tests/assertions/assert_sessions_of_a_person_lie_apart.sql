-- Sessions of one person don't overlap: between any two lies half an hour without anything.
with compared as (
    select
        session_id,
        person_id,
        started_at,
        lag(ended_at) over (
            partition by person_id
            order by started_at
        ) as previous_ended_at
    from {{ ref('fct_sessions') }}
    where {{ is_session_near_untested() }}
)

select * from compared
where started_at < previous_ended_at + interval '30 minutes'
