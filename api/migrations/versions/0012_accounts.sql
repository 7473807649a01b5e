-- Owners manage their organization. Whoever came first has been managing it so far.
alter table users add column is_owner boolean not null default false;
alter table users add column email_verified_at timestamptz;
update users set is_owner = true
where id in (
    select distinct on (organization_id) id
    from users
    where email is not null
    order by organization_id asc, is_active desc, created_at asc, id asc
);

create table invitations (
    id uuid primary key default uuidv7(),
    organization_id uuid not null references organizations (id) on delete cascade,
    email text not null check (email = lower(email)),
    -- Operators are made on the command line alone.
    role text not null check (role in ('buyer', 'seller')),
    invited_by_user_id uuid references users (id) on delete set null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz
);
create unique index invitations_one_open_idx on invitations (organization_id, email)
where accepted_at is null and revoked_at is null;
create index invitations_open_idx on invitations (organization_id, id desc) where accepted_at is null and revoked_at is null;
create index invitations_inviter_idx on invitations (invited_by_user_id);

create table account_links (
    id uuid primary key default uuidv7(),
    purpose text not null check (purpose in ('email_verification', 'password_reset', 'invitation')),
    token_hash bytea not null unique,
    user_id uuid references users (id) on delete cascade,
    invitation_id uuid references invitations (id) on delete cascade,
    bound_to bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    sent_at timestamptz,
    used_at timestamptz,
    constraint account_links_lead_to_one_thing check (num_nonnulls(user_id, invitation_id) = 1)
);
create index account_links_user_idx on account_links (user_id, purpose);
create index account_links_invitation_idx on account_links (invitation_id);

create table second_factors (
    user_id uuid primary key references users (id) on delete cascade,
    secret bytea not null,
    created_at timestamptz not null default now(),
    confirmed_at timestamptz,
    last_step bigint,
    failure_count bigint not null default 0,
    blocked_until timestamptz
);

create table recovery_codes (
    user_id uuid not null references second_factors (user_id) on delete cascade,
    code_hash bytea not null,
    used_at timestamptz,
    primary key (user_id, code_hash)
);

-- See the policies of the other tables: whoever manages a company sees whom it invited; what lets somebody in is for the
-- platform alone.
alter table invitations enable row level security;
create policy own on invitations
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
alter table account_links enable row level security;
create policy platform on account_links using ((select tenancy.is_platform()));
alter table second_factors enable row level security;
create policy seen on second_factors for select
using ((select tenancy.is_platform()) or exists (select from users where users.id = second_factors.user_id));
create policy platform on second_factors using ((select tenancy.is_platform()));
alter table recovery_codes enable row level security;
create policy platform on recovery_codes using ((select tenancy.is_platform()));
