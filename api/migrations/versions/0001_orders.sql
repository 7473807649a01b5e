create table orders (
    id uuid primary key default uuidv7(),
    external_id text unique,
    prompt_id uuid not null references prompts (id),
    prompt_version bigint not null,
    buyer_organization_id uuid not null references organizations (id),
    buyer_user_id uuid not null references users (id),
    seller_organization_id uuid not null references organizations (id),
    amount_cents bigint not null check (amount_cents >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    fee_cents bigint,
    status text not null default 'pending'
    check (status in ('pending', 'paid', 'failed', 'partially_refunded', 'refunded')),
    provider text not null check (provider in ('stripe', 'free', 'import')),
    stripe_payment_intent_id text unique,
    failure_reason text,
    receipt_id text,
    paid_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    constraint paid_orders_have_a_date check ((status in ('pending', 'failed')) = (paid_at is null))
);
create index orders_buyer_idx on orders (buyer_organization_id, id desc);
create index orders_seller_idx on orders (seller_organization_id, id desc);
create index orders_prompt_idx on orders (prompt_id);

create table refunds (
    id uuid primary key default uuidv7(),
    external_id text unique,
    order_id uuid not null references orders (id),
    amount_cents bigint not null check (amount_cents > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    status text not null default 'pending' check (status in ('pending', 'succeeded', 'failed')),
    reason text,
    stripe_refund_id text unique,
    refunded_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    constraint succeeded_refunds_have_a_date check (status <> 'succeeded' or refunded_at is not null)
);
create index refunds_order_idx on refunds (order_id);

create table entitlements (
    id uuid primary key default uuidv7(),
    organization_id uuid not null references organizations (id),
    prompt_id uuid not null references prompts (id),
    order_id uuid not null unique references orders (id),
    granted_at timestamptz not null,
    revoked_at timestamptz,
    revocation_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id()
);
create index entitlements_active_idx on entitlements (organization_id, prompt_id) where revoked_at is null;
