-- A log-in, from the password to the log-out. Its refresh tokens are one family.
create table sessions (
    id uuid primary key default uuidv7(),
    user_id uuid not null references users (id) on delete cascade,
    organization_id uuid not null references organizations (id),
    address text check (length(address) <= 255),
    user_agent text check (length(user_agent) <= 500),
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text check (
        end_reason in (
            'logged_out', 'ended_by_user', 'refresh_token_reused', 'password_changed', 'role_changed', 'deactivated',
            'password_reset', 'second_factor_changed', 'ended_by_operator'
        )
    ),
    constraint sessions_end_for_a_reason check ((ended_at is null) = (end_reason is null))
);
create index sessions_user_idx on sessions (user_id, id desc);
-- What every process must know of while an access token of it could still be good.
create index sessions_ended_idx on sessions (ended_at) where ended_at is not null;

-- Each is good once: `used_at` is set by the one request that rotates it.
create table refresh_tokens (
    id uuid primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    organization_id uuid not null references organizations (id),
    issued_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_session_idx on refresh_tokens (session_id, expires_at);

-- Keys of organizations for their programs. Revoked ones stay: what was done with them must be traceable.
create table api_keys (
    id uuid primary key default uuidv7(),
    organization_id uuid not null references organizations (id),
    created_by_user_id uuid not null references users (id) on delete cascade,
    name text not null check (name <> ''),
    prefix text not null unique,
    secret_hash bytea not null check (length(secret_hash) = 32),
    scopes text [] not null check (cardinality(scopes) > 0),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by_user_id uuid references users (id) on delete set null
);
create index api_keys_organization_idx on api_keys (organization_id, id desc) where revoked_at is null;
create index api_keys_creator_idx on api_keys (created_by_user_id);
create index api_keys_revoked_idx on api_keys (revoked_at) where revoked_at is not null;
