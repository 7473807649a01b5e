-- What policies ask. The only function that reads the key runs as its owner; all others only take apart what it returns.

create schema if not exists tenancy;

-- The key of scopes, padded as HMAC wants it (RFC 2104). Nobody but the owner may read it.
create table if not exists tenancy.keys (
    is_only boolean primary key default true check (is_only),
    inner_pad bytea not null,
    outer_pad bytea not null
);
revoke all on tenancy.keys from public;

-- Role, organization and user of the transaction's scope; null when there is none or its signature is wrong.
create or replace function tenancy.scope() returns text []
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
    parts text [] := string_to_array(current_setting('app.scope', true), ':');
    signature text;
begin
    if parts is null or cardinality(parts) <> 4 then
        return null;
    end if;
    select encode(sha256(outer_pad || sha256(inner_pad || convert_to(array_to_string(parts[1:3], ':'), 'UTF8'))), 'hex')
    into signature
    from tenancy.keys;
    return case when signature = parts[4] then parts[1:3] end;
end
$$;

-- Their bodies are read once, here. A text would be read by whoever asks, along its own search path: a temporary type of the
-- name of `uuid` could then answer with another organization.
create or replace function tenancy.organization_id() returns uuid language sql stable parallel safe
return nullif((tenancy.scope())[2], '')::uuid;

create or replace function tenancy.user_id() returns uuid language sql stable parallel safe
return nullif((tenancy.scope())[3], '')::uuid;

-- The product's own work.
create or replace function tenancy.is_platform() returns boolean language sql stable parallel safe
return coalesce((tenancy.scope())[1] = 'platform', false);

-- The product's own work, and operators.
create or replace function tenancy.is_staff() returns boolean language sql stable parallel safe
return coalesce((tenancy.scope())[1] in ('platform', 'admin'), false);

-- In the warehouse: the prompts the organization sells, as far as who asks may see them.
create or replace function tenancy.own_prompts() returns setof text
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $$
begin
    return query
    select prompt_id from marts.dim_prompts where seller_organization_id = (tenancy.scope())[2];
end
$$;
