alter function follow_decision_rules() reset search_path;
alter function follow_appeal_rules() reset search_path;
alter function keep_taken_down() reset search_path;
alter function keep_origin() reset search_path;
alter policy seen on audit_origins
using ((select tenancy.is_staff()) or exists (select from audit_log where audit_log.id = audit_origins.entry_id));
alter policy made on audit_origins with check (
    (select tenancy.is_platform()) or exists (select from audit_log where audit_log.id = audit_origins.entry_id)
);
-- A policy can't be altered to have no `with check` again; that of `using` is what would take its place.
alter policy changed on reviews with check (user_id = (select tenancy.user_id()) or (select tenancy.is_staff()));
alter policy changed on api_keys
with check (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
alter policy made on api_keys with check (organization_id = (select tenancy.organization_id()));
alter policy changed on sessions
with check (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
alter policy made on orders with check (
    (buyer_organization_id = (select tenancy.organization_id()) and status = 'pending')
    or (select tenancy.is_platform())
);
drop function tenancy.acted_in(uuid);
drop function tenancy.is_sold_by(uuid, uuid);
drop function tenancy.has_member(uuid);
