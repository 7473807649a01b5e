-- What is for sale, as everybody may see and search it. A table of its own: under row-level security Postgres would test the
-- policy before any operator it can't vouch for, such as those of full-text search, and so never use their indexes.
create table listed_prompts (
    id uuid primary key references prompts (id) on delete cascade,
    seller_organization_id uuid not null,
    title text not null,
    category text,
    tags text [] not null,
    price_cents bigint not null,
    currency text not null,
    published_at timestamptz not null,
    search_vector tsvector not null
);
create index listed_prompts_newest_idx on listed_prompts (published_at desc, id desc);
create index listed_prompts_category_idx on listed_prompts (category, published_at desc, id desc);
create index listed_prompts_price_idx on listed_prompts (price_cents, id);
create index listed_prompts_seller_idx on listed_prompts (seller_organization_id);
create index listed_prompts_search_idx on listed_prompts using gin (search_vector);
create index listed_prompts_title_trigram_idx on listed_prompts using gin (title gin_trgm_ops);
create index listed_prompts_tags_idx on listed_prompts using gin (tags);

-- Companies whose prompts are or were on the market.
create table sellers (
    id uuid primary key references organizations (id) on delete cascade,
    name text not null
);
create index sellers_name_idx on sellers (name);

-- Once a statement, not once a row, and in the order of ids: see count_inserted_orders.
create function list_prompts() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from listed_prompts using new_rows where listed_prompts.id = new_rows.id and new_rows.status <> 'published';
    insert into listed_prompts as kept (
        id, seller_organization_id, title, category, tags, price_cents, currency, published_at, search_vector
    )
    select
        id, seller_organization_id, title, category, tags, price_cents, currency, published_at,
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', coalesce(category, '')), 'B')
        || setweight(to_tsvector('english', description), 'C')
    from new_rows
    where status = 'published'
    order by id
    on conflict (id) do update set
        seller_organization_id = excluded.seller_organization_id,
        title = excluded.title,
        category = excluded.category,
        tags = excluded.tags,
        price_cents = excluded.price_cents,
        currency = excluded.currency,
        published_at = excluded.published_at,
        search_vector = excluded.search_vector
    where (kept.*) is distinct from (excluded.*);
    insert into sellers (id, name)
    select id, name from organizations
    where id in (select seller_organization_id from new_rows where status <> 'draft')
    order by id
    on conflict (id) do nothing;
    return null;
end
$$;

create trigger list_inserted_prompts after insert on prompts
referencing new table as new_rows for each statement execute function list_prompts();
create trigger list_updated_prompts after update on prompts
referencing new table as new_rows for each statement execute function list_prompts();

create function rename_seller() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update sellers set name = new.name where id = new.id;
    return null;
end
$$;

create trigger rename_seller after update of name on organizations
for each row when (old.name is distinct from new.name) execute function rename_seller();

insert into listed_prompts
select id, seller_organization_id, title, category, tags, price_cents, currency, published_at, search_vector
from prompts
where status = 'published';
insert into sellers (id, name)
select id, name from organizations
where id in (select seller_organization_id from prompts where status <> 'draft');

drop index prompts_browse_idx, prompts_category_idx, prompts_price_idx, prompts_title_trigram_idx, prompts_tags_idx;
-- Takes its index along.
alter table prompts drop column search_vector;

-- The versions of a prompt as everybody who may know of it may see them: that they exist, without what is sold.
create function listed_versions(wanted_prompt_id uuid, below bigint, at_most bigint)
returns table (version bigint, created_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select prompt_versions.version, prompt_versions.created_at
    from prompt_versions
    inner join listed_prompts on prompt_versions.prompt_id = listed_prompts.id
    where prompt_versions.prompt_id = wanted_prompt_id and (below is null or prompt_versions.version < below)
    order by prompt_versions.version desc
    limit at_most
$$;
