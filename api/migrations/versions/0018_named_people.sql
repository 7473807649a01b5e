-- A row that names a person or a seller beside the organization it belongs to names the right one: whoever is made to write
-- another can't act as somebody of another company.

create function tenancy.has_member(wanted_user_id uuid) returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select from public.users where id = wanted_user_id and organization_id = tenancy.organization_id()
    );
end
$$;

create function tenancy.is_sold_by(wanted_prompt_id uuid, seller uuid) returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (select from public.prompts where id = wanted_prompt_id and seller_organization_id = seller);
end
$$;

create function tenancy.acted_in(wanted_entry_id uuid) returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select from public.audit_log
        where id = wanted_entry_id and actor_organization_id = tenancy.organization_id()
    );
end
$$;

alter policy made on orders with check (
    (select tenancy.is_platform())
    or (
        buyer_organization_id = (select tenancy.organization_id())
        and buyer_user_id = (select tenancy.user_id())
        and status = 'pending'
        and tenancy.is_sold_by(prompt_id, seller_organization_id)
    )
);
alter policy changed on sessions with check (
    (select tenancy.is_staff()) or (organization_id = (select tenancy.organization_id()) and tenancy.has_member(user_id))
);
alter policy made on api_keys with check (
    organization_id = (select tenancy.organization_id()) and created_by_user_id = (select tenancy.user_id())
);
alter policy changed on api_keys with check (
    (select tenancy.is_staff())
    or (organization_id = (select tenancy.organization_id()) and tenancy.has_member(created_by_user_id))
);
alter policy changed on reviews with check (
    (select tenancy.is_staff())
    or (organization_id = (select tenancy.organization_id()) and user_id = (select tenancy.user_id()))
);

-- From where somebody acted is for the company of whoever did, not for that of what was acted on.
alter policy seen on audit_origins using ((select tenancy.is_staff()) or tenancy.acted_in(entry_id));
alter policy made on audit_origins with check ((select tenancy.is_platform()) or tenancy.acted_in(entry_id));

-- Temporary tables last: none must stand in for those these rules look into.
alter function follow_decision_rules() set search_path = public, pg_temp;
alter function follow_appeal_rules() set search_path = public, pg_temp;
alter function keep_taken_down() set search_path = public, pg_temp;
alter function keep_origin() set search_path = public, pg_temp;
