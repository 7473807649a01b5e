create table webhook_inbox (
    id bigint generated always as identity primary key,
    source text not null,
    external_id text not null,
    event_type text not null,
    body bytea not null,
    payload jsonb not null,
    received_at timestamptz not null default now(),
    handled_at timestamptz,
    attempt_count bigint not null default 0,
    last_error text,
    changed_xid xid8 not null default pg_current_xact_id(),
    unique (source, external_id)
);
create index webhook_inbox_waiting_idx on webhook_inbox (id) where handled_at is null;

create table raw_events (
    source text not null,
    event_id text not null,
    event_name text not null,
    schema_version bigint not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    organization_id uuid,
    user_id uuid,
    anonymous_id text,
    session_id text,
    request_id text,
    prompt_id uuid,
    properties jsonb not null,
    changed_xid xid8 not null default pg_current_xact_id(),
    primary key (source, event_id)
);

create table quarantine (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('catalog', 'events', 'orders')),
    origin text not null,
    fingerprint bytea not null,
    raw bytea not null,
    reason text not null,
    detail text not null,
    first_seen_at timestamptz not null default now(),
    resolved_at timestamptz,
    unique (kind, fingerprint)
);
create index quarantine_waiting_idx on quarantine (kind, id) where resolved_at is null;

-- How far the event journal has been stored: one row, moved by the transaction that stores.
create table journal_position (
    is_only boolean primary key default true check (is_only),
    stream_id text
);
insert into journal_position default values;
