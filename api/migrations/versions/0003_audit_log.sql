-- A name for a user that says nothing. The audit log knows people by it alone: when the user's row is erased, nobody can
-- tell any more who it was, and no entry had to change.
alter table users add column subject_id uuid not null unique default gen_random_uuid();

create table audit_log (
    id uuid primary key default gen_random_uuid(),
    occurred_at timestamptz not null default clock_timestamp(),
    actor_subject_id uuid,
    actor_role text,
    actor_organization_id uuid,
    api_key_id uuid,
    action text not null check (action ~ '^[a-z][a-z_]*[.][a-z][a-z_]*$'),
    object_type text not null,
    object_id text not null,
    organization_id uuid,
    old_value jsonb,
    new_value jsonb,
    changed_xid xid8 not null default pg_current_xact_id()
);
create index audit_log_newest_idx on audit_log (occurred_at desc, id desc);
create index audit_log_organization_idx on audit_log (organization_id, occurred_at desc, id desc);
create index audit_log_actor_organization_idx on audit_log (actor_organization_id, occurred_at desc, id desc);
create index audit_log_actor_idx on audit_log (actor_subject_id, occurred_at desc, id desc);
create index audit_log_object_idx on audit_log (object_type, object_id, occurred_at desc, id desc);

-- From where: kept apart, because an address is the one thing in an entry that an erasure has to take away.
create table audit_origins (
    entry_id uuid primary key references audit_log (id),
    subject_id uuid,
    address text,
    user_agent text,
    request_id text
);
create index audit_origins_subject_idx on audit_origins (subject_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % is refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end
$$;

-- An origin may go when the person it belongs to is no longer known, and not before.
create function keep_origin() returns trigger language plpgsql as $$
begin
    if old.subject_id is null or exists (select 1 from users where subject_id = old.subject_id) then
        raise exception 'audit_origins is append-only: delete is refused' using errcode = 'restrict_violation';
    end if;
    return old;
end
$$;

-- For everybody, the owner included.
create trigger refuse_change before update or delete on audit_log for each row execute function refuse_change();
create trigger refuse_truncate before truncate on audit_log for each statement execute function refuse_change();
create trigger refuse_change before update on audit_origins for each row execute function refuse_change();
create trigger keep_origin before delete on audit_origins for each row execute function keep_origin();
create trigger refuse_truncate before truncate on audit_origins for each statement execute function refuse_change();
