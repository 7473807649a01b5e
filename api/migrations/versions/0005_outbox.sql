-- What is owed to the outside, written in the transaction that owes it. Payloads hold ids and addresses, never a secret.
create table outbox (
    id bigint generated always as identity primary key,
    kind text not null,
    payload jsonb not null,
    created_at timestamptz not null default now(),
    attempt_count bigint not null default 0,
    next_attempt_at timestamptz not null default now(),
    last_error text,
    given_up_at timestamptz
);
create index outbox_due_idx on outbox (kind, next_attempt_at, id) where given_up_at is null;
