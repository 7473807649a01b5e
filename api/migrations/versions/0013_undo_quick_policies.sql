alter policy seen on prompts using (
    status = 'published'
    or seller_organization_id = (select tenancy.organization_id())
    or (select tenancy.is_staff())
    or id in (select prompt_id from orders where buyer_organization_id = (select tenancy.organization_id()))
);
alter policy seen on prompt_versions using (
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
alter policy made on prompt_versions with check (
    (select tenancy.is_platform())
    or exists (
        select from prompts
        where
            prompts.id = prompt_versions.prompt_id
            and prompts.seller_organization_id = (select tenancy.organization_id())
    )
);
alter policy removed on prompt_versions using (
    (select tenancy.is_platform())
    or exists (
        select from prompts
        where
            prompts.id = prompt_versions.prompt_id
            and prompts.seller_organization_id = (select tenancy.organization_id())
    )
);
alter policy removed on prompt_statistics using (
    (select tenancy.is_platform())
    or exists (
        select from prompts
        where
            prompts.id = prompt_statistics.prompt_id
            and prompts.seller_organization_id = (select tenancy.organization_id())
    )
);
alter policy seen on refunds
using ((select tenancy.is_staff()) or exists (select from orders where orders.id = refunds.order_id));
alter policy made on refunds with check (
    (select tenancy.is_platform())
    or (
        status = 'pending'
        and stripe_refund_id is null
        and exists (select from orders where orders.id = refunds.order_id)
    )
);
drop function tenancy.ordered_prompts();
drop function tenancy.sells(uuid);
drop function tenancy.is_entitled(uuid);
drop function tenancy.trades_in(uuid);
