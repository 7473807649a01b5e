-- What is written about what happened: events, messages, tasks, the audit log. See 0011_policies.sql.

alter table raw_events enable row level security;
create policy seen on raw_events for select using ((select tenancy.is_staff()));
create policy made on raw_events for insert
with check ((select tenancy.is_platform()));
alter table event_ids enable row level security;
create policy platform on event_ids using ((select tenancy.is_platform()));
alter table event_batches enable row level security;
create policy platform on event_batches using ((select tenancy.is_platform()));

alter table webhook_inbox enable row level security;
create policy platform on webhook_inbox using ((select tenancy.is_platform()));
alter table quarantine enable row level security;
create policy platform on quarantine using ((select tenancy.is_platform()));
alter table journal_position enable row level security;
create policy platform on journal_position using ((select tenancy.is_platform()));

-- Kept for the platform's bookkeeping about requests and tasks; a unit of work enters the platform's scope to write there.
alter table idempotency_keys enable row level security;
create policy platform on idempotency_keys using ((select tenancy.is_platform()));
alter table outbox enable row level security;
create policy platform on outbox using ((select tenancy.is_platform()));

-- A company sees what its members did and what was done to what is its own.
alter table audit_log enable row level security;
create policy seen on audit_log for select
using (
    actor_organization_id = (select tenancy.organization_id())
    or organization_id = (select tenancy.organization_id())
    or (select tenancy.is_staff())
);
create policy made on audit_log for insert
with check (actor_organization_id = (select tenancy.organization_id()) or (select tenancy.is_platform()));

alter table audit_origins enable row level security;
create policy seen on audit_origins for select
using ((select tenancy.is_staff()) or exists (select from audit_log where audit_log.id = audit_origins.entry_id));
create policy made on audit_origins for insert
with check ((select tenancy.is_platform()) or exists (select from audit_log where audit_log.id = audit_origins.entry_id));
create policy removed on audit_origins for delete using ((select tenancy.is_platform()));

-- Reviews are public until they are hidden, then for their author's company and operators.
alter table reviews enable row level security;
create policy seen on reviews for select
using (hidden_at is null or organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy made on reviews for insert
with check (organization_id = (select tenancy.organization_id()) and user_id = (select tenancy.user_id()));
create policy changed on reviews for update
using (user_id = (select tenancy.user_id()) or (select tenancy.is_staff()));

-- A company reads what was decided against it, may lock it and may appeal; operators decide.
alter table decisions enable row level security;
create policy seen on decisions for select
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy made on decisions for insert with check ((select tenancy.is_staff()));
create policy changed on decisions for update
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()))
with check ((select tenancy.is_staff()));

alter table appeals enable row level security;
create policy seen on appeals for select
using ((select tenancy.is_staff()) or exists (select from decisions where decisions.id = appeals.decision_id));
create policy made on appeals for insert
with check (
    status = 'open'
    and exists (
        select from decisions
        where
            decisions.id = appeals.decision_id
            and decisions.organization_id = (select tenancy.organization_id())
    )
);
create policy changed on appeals for update using ((select tenancy.is_staff()));

-- Sessions and keys are of a company's own people; a log-in begins in the platform's scope, as nobody is known yet.
alter table sessions enable row level security;
create policy seen on sessions for select
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy made on sessions for insert with check ((select tenancy.is_platform()));
create policy changed on sessions for update
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy removed on sessions for delete using ((select tenancy.is_platform()));

alter table refresh_tokens enable row level security;
create policy platform on refresh_tokens using ((select tenancy.is_platform()));

alter table api_keys enable row level security;
create policy seen on api_keys for select
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));
create policy made on api_keys for insert with check (organization_id = (select tenancy.organization_id()));
create policy changed on api_keys for update
using (organization_id = (select tenancy.organization_id()) or (select tenancy.is_staff()));

-- An erasure goes through every company's tables, in the platform's scope.
alter table erasures enable row level security;
create policy seen on erasures for select using ((select tenancy.is_staff()));
create policy made on erasures for insert with check ((select tenancy.is_platform()));
create policy removed on users for delete using ((select tenancy.is_platform()));
create policy removed on reviews for delete using ((select tenancy.is_platform()));
create policy removed on api_keys for delete using ((select tenancy.is_platform()));
create policy changed on prompt_versions for update using ((select tenancy.is_platform()));
