-- What a prompt or an organization was, from when on: a row each time something changed that figures of the past depend on.
-- Written by triggers, whoever changes the row and however. A state holds until the next one of the same begins.
create table prompt_states (
    prompt_id uuid not null references prompts (id) on delete cascade,
    number bigint not null check (number >= 1),
    title text not null,
    category text,
    price_cents bigint not null,
    currency text not null,
    status text not null,
    current_version bigint not null,
    valid_from timestamptz not null,
    changed_xid xid8 not null default pg_current_xact_id(),
    primary key (prompt_id, number)
);
create index prompt_states_changed_idx on prompt_states (changed_xid);
create trigger stamp_transaction before update on prompt_states for each row execute function stamp_transaction();

create table organization_states (
    organization_id uuid not null references organizations (id) on delete cascade,
    number bigint not null check (number >= 1),
    name text not null,
    valid_from timestamptz not null,
    changed_xid xid8 not null default pg_current_xact_id(),
    primary key (organization_id, number)
);
create index organization_states_changed_idx on organization_states (changed_xid);
create trigger stamp_transaction before update on organization_states
for each row execute function stamp_transaction();

-- Once a statement, not once a row, and in the order of ids: see count_inserted_orders. What is new began when it was
-- created, which an import may say was long ago.
create function begin_prompt_states() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into prompt_states (
        prompt_id, number, title, category, price_cents, currency, status, current_version, valid_from
    )
    select id, 1, title, category, price_cents, currency, status, current_version, created_at
    from new_rows
    order by id;
    return null;
end
$$;

create function continue_prompt_states() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    -- A file that says again when a prompt was created moves its beginning, but not beyond what came next.
    update prompt_states as first set valid_from = new_rows.created_at
    from new_rows
    inner join old_rows on new_rows.id = old_rows.id
    where
        first.prompt_id = new_rows.id and first.number = 1 and new_rows.created_at <> old_rows.created_at
        and not exists (
            select from prompt_states as next
            where next.prompt_id = new_rows.id and next.number = 2 and next.valid_from < new_rows.created_at
        );
    -- A clock that was set back makes no state end before it began.
    insert into prompt_states (
        prompt_id, number, title, category, price_cents, currency, status, current_version, valid_from
    )
    select
        new_rows.id, last.number + 1, new_rows.title, new_rows.category, new_rows.price_cents, new_rows.currency,
        new_rows.status, new_rows.current_version, greatest(new_rows.updated_at, last.valid_from)
    from new_rows
    inner join old_rows on new_rows.id = old_rows.id
    cross join lateral (
        select prompt_states.number, prompt_states.valid_from from prompt_states
        where prompt_states.prompt_id = new_rows.id
        order by prompt_states.number desc
        limit 1
    ) as last
    where
        (
            new_rows.title, new_rows.category, new_rows.price_cents, new_rows.currency, new_rows.status,
            new_rows.current_version
        ) is distinct from (
            old_rows.title, old_rows.category, old_rows.price_cents, old_rows.currency, old_rows.status,
            old_rows.current_version
        )
    order by new_rows.id;
    return null;
end
$$;

create function begin_organization_states() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into organization_states (organization_id, number, name, valid_from)
    select id, 1, name, created_at from new_rows order by id;
    return null;
end
$$;

create function continue_organization_states() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into organization_states (organization_id, number, name, valid_from)
    select new_rows.id, last.number + 1, new_rows.name, greatest(new_rows.updated_at, last.valid_from)
    from new_rows
    inner join old_rows on new_rows.id = old_rows.id
    cross join lateral (
        select organization_states.number, organization_states.valid_from from organization_states
        where organization_states.organization_id = new_rows.id
        order by organization_states.number desc
        limit 1
    ) as last
    where new_rows.name <> old_rows.name
    order by new_rows.id;
    return null;
end
$$;

create trigger begin_states after insert on prompts
referencing new table as new_rows for each statement execute function begin_prompt_states();
create trigger continue_states after update on prompts
referencing old table as old_rows new table as new_rows for each statement execute function continue_prompt_states();
create trigger begin_states after insert on organizations
referencing new table as new_rows for each statement execute function begin_organization_states();
create trigger continue_states after update on organizations
referencing old table as old_rows new table as new_rows
for each statement execute function continue_organization_states();

alter table prompt_states enable row level security;
create policy seen on prompt_states for select using ((select tenancy.is_staff()) or tenancy.sells(prompt_id));
alter table organization_states enable row level security;
create policy seen on organization_states for select
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
