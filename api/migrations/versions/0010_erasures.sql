-- A user without a name: orders of somebody who was erased belong to it.
alter table users add column erased_at timestamptz;
alter table users drop constraint users_are_known_by_email_or_import;
alter table users add constraint users_are_known_by_email_or_import
check (
    case
        when erased_at is null then email is not null or external_id is not null
        else email is null and external_id is null and password_hash is null and not is_active
    end
);

-- What pipeline runs have to erase yet. A line that is done says that somebody was erased and when, and not who.
create table erasures (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null references organizations (id),
    requested_by text not null check (requested_by in ('self', 'operator')),
    requested_at timestamptz not null default now(),
    user_id uuid,
    tombstone_user_id uuid references users (id),
    emails text[] not null default '{}',
    anonymous_ids text[] not null default '{}',
    session_ids text[] not null default '{}',
    -- Tables in which the last run still found the person.
    remaining text[] not null default '{}',
    completed_at timestamptz,
    constraint done_erasures_name_nobody check (
        (completed_at is null) = (user_id is not null)
        and (completed_at is null or cardinality(emails || anonymous_ids || session_ids || remaining) = 0)
    )
);
create index erasures_open_idx on erasures (requested_at) where completed_at is null;
