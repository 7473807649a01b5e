-- A key a caller sent with a write. The request that works on it holds the claim; its answer is written by the very
-- transaction that has the effect, where there is one.
create table idempotency_keys (
    caller text not null check (length(caller) between 1 and 200),
    key text not null check (length(key) between 1 and 255),
    fingerprint bytea not null check (length(fingerprint) = 32),
    claim_id uuid not null,
    claimed_until timestamptz not null,
    answer_status bigint check (answer_status between 200 and 499),
    answer_headers jsonb,
    -- Null when the answer held a secret.
    answer_body bytea check (length(answer_body) <= 4194304),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (caller, key)
);

create index idempotency_keys_expired_idx on idempotency_keys (expires_at);
