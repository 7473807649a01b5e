-- Two purchases at the same time meet here: the second finds the first one's order instead of making its own.
create unique index orders_one_pending_idx on orders (buyer_organization_id, prompt_id) where status = 'pending';

-- Imported orders have ids that say nothing about time, so lists go by creation.
create index orders_newest_idx on orders (created_at desc, id desc);
create index orders_buyer_newest_idx on orders (buyer_organization_id, created_at desc, id desc);
drop index orders_buyer_idx;
create index entitlements_newest_idx on entitlements (organization_id, granted_at desc, id desc) where revoked_at is null;

-- Prompts nobody bought yet are listed after these, by another index.
create index prompt_statistics_popular_idx on prompt_statistics (order_count desc, prompt_id desc) where order_count > 0;

-- A message that could not be handled waits longer after each attempt, and never in front of the others.
alter table webhook_inbox add column next_attempt_at timestamptz not null default now();
create index webhook_inbox_due_idx on webhook_inbox (next_attempt_at, id) where handled_at is null;
drop index webhook_inbox_waiting_idx;
