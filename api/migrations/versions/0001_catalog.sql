create extension if not exists pg_trgm;

-- PostgreSQL before 18 has no uuidv7(): 48 bits of Unix milliseconds, then version 7 over random bits (RFC 9562, 5.7).
do $$
begin
    if to_regprocedure('pg_catalog.uuidv7()') is null then
        create function uuidv7() returns uuid language sql volatile as $body$
            select encode(
                set_bit(
                    set_bit(
                        overlay(
                            uuid_send(gen_random_uuid())
                            placing substring(
                                int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3
                            )
                            from 1 for 6
                        ),
                        52, 1
                    ),
                    53, 1
                ),
                'hex'
            )::uuid
        $body$;
    end if;
end
$$;

-- `changed_xid` is the transaction that last wrote a row. The load reads by it: unlike a time, it tells exactly which
-- rows a reader could not see yet (docs/decisions/0002-load-by-transaction.md).

create table organizations (
    id uuid primary key default uuidv7(),
    name text not null check (name <> ''),
    external_id text unique,
    is_imported boolean not null default false,
    stripe_customer_id text unique,
    attributes jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id()
);

create table users (
    id uuid primary key default uuidv7(),
    organization_id uuid not null references organizations (id),
    email text unique check (email = lower(email)),
    password_hash text,
    role text not null check (role in ('buyer', 'seller', 'admin')),
    external_id text unique,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    constraint users_are_known_by_email_or_import check (email is not null or external_id is not null)
);
create index users_organization_id_idx on users (organization_id);

create table prompts (
    id uuid primary key default uuidv7(),
    seller_organization_id uuid not null references organizations (id),
    created_by_user_id uuid references users (id),
    external_id text unique,
    title text not null check (title <> ''),
    description text not null default '',
    category text,
    tags text[] not null default '{}',
    price_cents bigint not null check (price_cents >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    model text,
    status text not null default 'draft' check (status in ('draft', 'published', 'archived')),
    current_version bigint not null default 1,
    published_at timestamptz,
    attributes jsonb not null default '{}',
    search_vector tsvector not null generated always as (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', coalesce(category, '')), 'B')
        || setweight(to_tsvector('english', description), 'C')
    ) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    constraint published_prompts_have_a_date check (status <> 'published' or published_at is not null)
);
create index prompts_seller_idx on prompts (seller_organization_id, id);
create index prompts_browse_idx on prompts (published_at desc, id desc) where status = 'published';
create index prompts_category_idx on prompts (category, published_at desc, id desc) where status = 'published';
create index prompts_price_idx on prompts (price_cents, id) where status = 'published';
create index prompts_search_idx on prompts using gin (search_vector);
create index prompts_title_trigram_idx on prompts using gin (title gin_trgm_ops);
create index prompts_tags_idx on prompts using gin (tags);

create table prompt_versions (
    id uuid primary key default uuidv7(),
    prompt_id uuid not null references prompts (id),
    version bigint not null check (version >= 1),
    template text not null,
    variables text[] not null default '{}',
    change_note text,
    created_by_user_id uuid references users (id),
    created_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    unique (prompt_id, version)
);

create table prompt_statistics (
    prompt_id uuid primary key references prompts (id),
    order_count bigint not null default 0,
    refund_count bigint not null default 0,
    last_ordered_at timestamptz
);
