alter table prompts add column search_vector tsvector not null generated always as (
    setweight(to_tsvector('english', title), 'A')
    || setweight(to_tsvector('english', coalesce(category, '')), 'B')
    || setweight(to_tsvector('english', description), 'C')
) stored;
create index prompts_browse_idx on prompts (published_at desc, id desc) where status = 'published';
create index prompts_category_idx on prompts (category, published_at desc, id desc) where status = 'published';
create index prompts_price_idx on prompts (price_cents, id) where status = 'published';
create index prompts_search_idx on prompts using gin (search_vector);
create index prompts_title_trigram_idx on prompts using gin (title gin_trgm_ops);
create index prompts_tags_idx on prompts using gin (tags);

alter function count_inserted_orders() security invoker reset search_path;
alter function count_updated_orders() security invoker reset search_path;
alter function count_inserted_refunds() security invoker reset search_path;
alter function count_updated_refunds() security invoker reset search_path;
drop schema tenancy cascade;
