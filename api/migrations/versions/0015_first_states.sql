-- Of the time before there was a record is known when a prompt was created, first published and, if it is archived, last
-- changed. Title and price are taken to have been what they are.
insert into prompt_states (
    prompt_id, number, title, category, price_cents, currency, status, current_version, valid_from
)
select
    prompts.id,
    row_number() over (partition by prompts.id order by steps.place),
    prompts.title, prompts.category, prompts.price_cents, prompts.currency, steps.status, prompts.current_version,
    steps.began_at
from prompts
cross join lateral (
    values
        (
            1,
            case
                when prompts.status = 'archived' and prompts.published_at <= prompts.created_at then 'published'
                when prompts.published_at > prompts.created_at then 'draft'
                else prompts.status
            end,
            prompts.created_at
        ),
        (2, 'published', case when prompts.published_at > prompts.created_at then prompts.published_at end),
        (
            3, 'archived',
            case
                when prompts.status = 'archived' and prompts.published_at is not null
                    then greatest(prompts.updated_at, prompts.published_at, prompts.created_at)
            end
        )
) as steps (place, status, began_at)
where steps.began_at is not null;

insert into organization_states (organization_id, number, name, valid_from)
select id, 1, name, created_at from organizations;
