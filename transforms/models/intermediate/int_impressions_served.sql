{{
    config(
        unique_key='impression_id',
        indexes=[
            {'columns': ['impression_id'], 'unique': true},
            {'columns': ['receipt_id', 'prompt_id']},
            {'columns': ['prompt_id']},
            {'columns': ['served_at']},
            {'columns': ['_source_loaded_at']},
            {'columns': ['_built_at']},
        ],
    )
}}

with served_lists as (
    {{ new_served_lists() }}
),

items as (
    select
        served_lists.source,
        served_lists.event_id,
        served_lists.receipt_id,
        {{ json_text('unnested.item', 'prompt_id') }} as prompt_id,
        served_lists.organization_id,
        served_lists.user_id,
        served_lists.anonymous_id,
        served_lists.session_id,
        served_lists.erased_sender,
        served_lists.person_id,
        served_lists.is_counted,
        served_lists.surface,
        served_lists.policy_version,
        cast(unnested.item_index as integer) as item_index,
        {{ json_integer('unnested.item', 'position') }} as position,
        {{ json_integer('unnested.item', 'version') }} as prompt_version,
        {{ json_double('unnested.item', 'score') }} as score,
        {{ json_double('unnested.item', 'propensity') }} as propensity,
        {{ json_boolean('unnested.item', 'is_exploration') }} as is_exploration,
        served_lists.served_date,
        served_lists.served_at,
        served_lists._source_loaded_at
    from served_lists
    {{ join_json_array('served_lists.properties', 'items') }}
),

impressions as (
    select
        {{ impression_key() }} as impression_id,
        *
    from items
    where receipt_id is not null and prompt_id is not null and position is not null
),

candidates as (
    select * from impressions
    {% if is_incremental() %}
        -- The same place of the same list may have been reported before by another event: the earliest is kept.
        union all
        select
            earlier.impression_id,
            earlier.source,
            earlier.event_id,
            earlier.receipt_id,
            earlier.prompt_id,
            earlier.organization_id,
            earlier.user_id,
            earlier.anonymous_id,
            earlier.session_id,
            earlier.erased_sender,
            earlier.person_id,
            earlier.is_counted,
            earlier.surface,
            earlier.policy_version,
            earlier.item_index,
            earlier.position,
            earlier.prompt_version,
            earlier.score,
            earlier.propensity,
            earlier.is_exploration,
            earlier.served_date,
            earlier.served_at,
            earlier._source_loaded_at
        from {{ this }} as earlier
        where earlier.impression_id in (select impressions.impression_id from impressions)
    {% endif %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by impression_id
            order by served_at, event_id, item_index
        ) as report_number
    from candidates
),

final as (
    select
        impression_id,
        source,
        event_id,
        receipt_id,
        prompt_id,
        organization_id,
        user_id,
        anonymous_id,
        session_id,
        erased_sender,
        person_id,
        is_counted,
        surface,
        policy_version,
        item_index,
        position,
        prompt_version,
        score,
        propensity,
        is_exploration,
        served_date,
        served_at,
        _source_loaded_at,
        {{ built_at() }} as _built_at
    from ranked
    where report_number = 1
)

select * from final
