{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'int_impressions_served'}}}) }}

-- An impression waits for its prompt. One whose prompt was not loaded with it names a prompt that doesn't exist, and no
-- mart shows it.
select
    waiting.source,
    waiting.receipt_id,
    waiting.prompt_id
from {{ ref('int_impressions_served') }} as waiting
left join {{ ref('dim_prompts') }} as prompts on waiting.prompt_id = prompts.prompt_id
where prompts.prompt_id is null and {{ is_untested('waiting._built_at') }}
