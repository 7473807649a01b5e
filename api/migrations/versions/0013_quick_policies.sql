-- A policy that looks into another table takes that table's policies into the plan of every statement, and planning them cost
-- more than most statements do. These functions look as the owner, with the condition the policies had, and are planned once.

-- What the organization ordered, whatever became of it.
create function tenancy.ordered_prompts() returns setof uuid
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select prompt_id from public.orders where buyer_organization_id = tenancy.organization_id();
end
$$;

create function tenancy.sells(wanted_prompt_id uuid) returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select from public.prompts
        where id = wanted_prompt_id and seller_organization_id = tenancy.organization_id()
    );
end
$$;

create function tenancy.is_entitled(wanted_prompt_id uuid) returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select from public.entitlements
        where
            prompt_id = wanted_prompt_id and organization_id = tenancy.organization_id() and revoked_at is null
    );
end
$$;

create function tenancy.trades_in(wanted_order_id uuid) returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
    asking uuid := tenancy.organization_id();
begin
    return exists (
        select from public.orders
        where id = wanted_order_id and asking in (buyer_organization_id, seller_organization_id)
    );
end
$$;

alter policy seen on prompts using (
    status = 'published'
    or seller_organization_id = (select tenancy.organization_id())
    or (select tenancy.is_staff())
    or id in (select tenancy.ordered_prompts())
);
alter policy seen on prompt_versions
using ((select tenancy.is_staff()) or tenancy.sells(prompt_id) or tenancy.is_entitled(prompt_id));
alter policy made on prompt_versions with check ((select tenancy.is_platform()) or tenancy.sells(prompt_id));
alter policy removed on prompt_versions using ((select tenancy.is_platform()) or tenancy.sells(prompt_id));
alter policy removed on prompt_statistics using ((select tenancy.is_platform()) or tenancy.sells(prompt_id));
alter policy seen on refunds using ((select tenancy.is_staff()) or tenancy.trades_in(order_id));
alter policy made on refunds with check (
    (select tenancy.is_platform())
    or (
        status = 'pending'
        and stripe_refund_id is null
        and ((select tenancy.is_staff()) or tenancy.trades_in(order_id))
    )
);
