-- The load reads what changed since its last run, and finds it by these.
create index organizations_changed_idx on organizations (changed_xid);
create index users_changed_idx on users (changed_xid);
create index prompts_changed_idx on prompts (changed_xid);
create index prompt_versions_changed_idx on prompt_versions (changed_xid);
create index orders_changed_idx on orders (changed_xid);
create index refunds_changed_idx on refunds (changed_xid);
create index entitlements_changed_idx on entitlements (changed_xid);
create index webhook_inbox_changed_idx on webhook_inbox (changed_xid);
create index raw_events_changed_idx on raw_events (changed_xid);
