-- A policy's questions about the scope stand in sub-selects, so that each is asked once a statement and not once a row.
-- The owner of the tables is not bound (no `force`): it loads, imports and migrates.

alter table organizations enable row level security;
create policy seen on organizations for select
using (id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy made on organizations for insert with check ((select tenancy.is_platform()));
create policy changed on organizations for update
using (id = (select tenancy.organization_id()) or (select tenancy.is_staff()));

alter table users enable row level security;
create policy seen on users for select
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy made on users for insert with check ((select tenancy.is_platform()));
-- Nobody makes itself an operator.
create policy changed on users for update
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()))
with check (
    (organization_id = (select tenancy.organization_id()) and role <> 'admin') or (select tenancy.is_staff())
);

-- Whoever ordered a prompt goes on knowing what it ordered, also when it is off the market.
alter table prompts enable row level security;
create policy seen on prompts for select
using (
    status = 'published'
    or seller_organization_id = (select tenancy.organization_id())
    or (select tenancy.is_staff())
    or id in (select prompt_id from orders where buyer_organization_id = (select tenancy.organization_id()))
);
create policy made on prompts for insert
with check (seller_organization_id = (select tenancy.organization_id()) or (select tenancy.is_platform()));
create policy changed on prompts for update
using (seller_organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy removed on prompts for delete
using (seller_organization_id = (select tenancy.organization_id()) or (select tenancy.is_platform()));

-- The text is what is sold: for its seller, for those entitled to it, and for operators.
alter table prompt_versions enable row level security;
create policy seen on prompt_versions for select
using (
    (select tenancy.is_staff())
    or exists (
        select from prompts
        where
            prompts.id = prompt_versions.prompt_id
            and prompts.seller_organization_id = (select tenancy.organization_id())
    )
    or exists (
        select from entitlements
        where
            entitlements.prompt_id = prompt_versions.prompt_id
            and entitlements.organization_id = (select tenancy.organization_id())
            and entitlements.revoked_at is null
    )
);
create policy made on prompt_versions for insert
with check (
    (select tenancy.is_platform())
    or exists (
        select from prompts
        where
            prompts.id = prompt_versions.prompt_id
            and prompts.seller_organization_id = (select tenancy.organization_id())
    )
);
create policy removed on prompt_versions for delete
using (
    (select tenancy.is_platform())
    or exists (
        select from prompts
        where
            prompts.id = prompt_versions.prompt_id
            and prompts.seller_organization_id = (select tenancy.organization_id())
    )
);

-- How often a prompt was ordered is shown on the market, and there are no counts of what never was on it.
alter table prompt_statistics enable row level security;
create policy seen on prompt_statistics for select using (true);
create policy removed on prompt_statistics for delete
using (
    (select tenancy.is_platform())
    or exists (
        select from prompts
        where
            prompts.id = prompt_statistics.prompt_id
            and prompts.seller_organization_id = (select tenancy.organization_id())
    )
);
-- Counting touches rows of all organizations, whoever orders.
alter function count_inserted_orders() security definer set search_path = public, pg_temp;
alter function count_updated_orders() security definer set search_path = public, pg_temp;
alter function count_inserted_refunds() security definer set search_path = public, pg_temp;
alter function count_updated_refunds() security definer set search_path = public, pg_temp;

-- Both sides of an order see it and may lock it (`for update`); only the platform changes what became of it.
alter table orders enable row level security;
create policy seen on orders for select
using (
    buyer_organization_id = (select tenancy.organization_id())
    or seller_organization_id = (select tenancy.organization_id())
    or (select tenancy.is_staff())
);
create policy made on orders for insert
with check (
    (buyer_organization_id = (select tenancy.organization_id()) and status = 'pending')
    or (select tenancy.is_platform())
);
create policy changed on orders for update
using (
    buyer_organization_id = (select tenancy.organization_id())
    or seller_organization_id = (select tenancy.organization_id())
    or (select tenancy.is_staff())
)
with check ((select tenancy.is_platform()));

-- Whoever sees an order sees its refunds, and may ask for one; money moves by the platform alone.
alter table refunds enable row level security;
create policy seen on refunds for select
using ((select tenancy.is_staff()) or exists (select from orders where orders.id = refunds.order_id));
create policy made on refunds for insert
with check (
    (select tenancy.is_platform())
    or (
        status = 'pending'
        and stripe_refund_id is null
        and exists (select from orders where orders.id = refunds.order_id)
    )
);
create policy changed on refunds for update using ((select tenancy.is_platform()));

alter table entitlements enable row level security;
create policy seen on entitlements for select
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy made on entitlements for insert with check ((select tenancy.is_platform()));
create policy changed on entitlements for update using ((select tenancy.is_platform()));
