-- What the payment provider booked, as it says it: one row for each balance transaction, never changed. Amounts are integers
-- in the minor unit of their currency. Nothing here names a person.
create table balance_transactions (
    id text primary key,
    type text not null,
    reporting_category text not null,
    amount_cents bigint not null,
    fee_cents bigint not null,
    net_cents bigint not null check (net_cents = amount_cents - fee_cents),
    currency text not null,
    -- By which an amount in another currency was converted into this one; null where nothing was.
    exchange_rate double precision,
    -- What caused it: a charge, a refund, a dispute, a payout. Null for the provider's own fees.
    source_id text,
    source_object text,
    -- What it moved in the currency of its source, with the sign of `amount_cents`.
    source_amount_cents bigint,
    source_currency text,
    payment_intent_id text,
    booked_at timestamptz not null,
    available_at timestamptz not null,
    changed_xid xid8 not null default pg_current_xact_id()
);
create index balance_transactions_changed_idx on balance_transactions (changed_xid);
create trigger stamp_transaction before update on balance_transactions
for each row execute function stamp_transaction();
alter table balance_transactions enable row level security;
create policy platform on balance_transactions using ((select tenancy.is_platform()));

-- How far the provider's ledger was read, one row for each provider. A walk goes from the newest back to what was read before.
create table ledger_positions (
    provider text primary key,
    -- All that was booked before is stored. Null before the first walk ended.
    read_through timestamptz,
    -- The walk under way: when it began, and the last transaction of it that is stored.
    walk_began_at timestamptz,
    walk_after text,
    -- Counts claims, so that whoever lost its claim changes nothing.
    claim_number bigint not null default 0,
    claimed_until timestamptz,
    -- When somebody last said that there is something to read.
    woken_at timestamptz,
    next_read_at timestamptz not null default now(),
    failure_count bigint not null default 0,
    last_error text
);
alter table ledger_positions enable row level security;
create policy platform on ledger_positions using ((select tenancy.is_platform()));
