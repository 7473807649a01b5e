"""Refuses roles that row-level security does not bind. Asked at every start, of roles given and of our own."""

from collections.abc import Collection

import psycopg
from psycopg.rows import DictRow

from warehouse.tenancy.role import RoleRefused

Connection = psycopg.Connection[DictRow]

# Roles of Postgres whose members read or write what no policy stands before: the key of scopes, or the server's files.
ABOVE_POLICIES = {
    "pg_read_all_data": "reads every table, and so the key that scopes are signed with",
    "pg_write_all_data": "writes every table, and so the key that scopes are signed with",
    "pg_read_server_files": "reads the server's files",
    "pg_write_server_files": "writes the server's files",
    "pg_execute_server_program": "runs programs on the server",
}

# `member` is "may become": Postgres 16 knows memberships without `set`, but who may administer one can change that.
_POWERS = """
with powers as (
    select
        oid,
        rolname,
        case
            when rolsuper then 'is a superuser'
            when rolbypassrls then 'has BYPASSRLS'
            when rolcreaterole then 'has CREATEROLE, and so can make itself a member of others'
            when rolreplication then 'has REPLICATION, and so can copy the whole server'
        end as power
    from pg_roles
    where rolsuper or rolbypassrls or rolcreaterole or rolreplication
    union all
    select roles.oid, roles.rolname, above.power
    from pg_roles as roles
    inner join unnest(%(above)s::text [], %(powers)s::text []) as above (name, power) on roles.rolname = above.name
    union all
    select roles.oid, roles.rolname, 'owns the database ' || datname
    from pg_database
    inner join pg_roles as roles on datdba = roles.oid
    where datname = current_database()
    union all
    select roles.oid, roles.rolname, owned.power
    from (
        select relowner as owner, min('owns ' || relnamespace::regnamespace || '.' || quote_ident(relname)) as power
        from pg_class
        where relkind in ('r', 'p', 'v', 'm', 'f') and relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
        group by 1
        union all
        select nspowner, min('owns the schema ' || quote_ident(nspname))
        from pg_namespace
        where nspname !~ '^(pg_|information_schema$)'
        group by 1
        union all
        select proowner, min('owns the function ' || oid::regprocedure)
        from pg_proc
        where pronamespace::regnamespace::text !~ '^(pg_|information_schema$)'
        group by 1
    ) as owned
    inner join pg_roles as roles on owned.owner = roles.oid
    union all
    select oid, rolname, 'is there for others, who see other rows'
    from pg_roles
    where rolname = any(%(others)s)
)

select powers.rolname = asked.rolname as is_itself, powers.rolname as name, powers.power
from powers
inner join pg_roles as asked on asked.rolname = %(role)s
where pg_has_role(asked.oid, powers.oid, 'member')
order by powers.oid <> asked.oid, powers.power like 'owns %%', powers.rolname
limit 1
"""

_KEY = """
select has_any_column_privilege(%(role)s, tables.oid, 'select, insert, update') or has_table_privilege(
    %(role)s, tables.oid, 'delete, truncate, trigger'
) as is_open
from pg_class as tables
where tables.oid = to_regclass('tenancy.keys')
"""


class RoleTooPowerful(RoleRefused):
    """Row-level security would not bind the role, and nobody would notice: all rows would be everybody's."""


def refuse_power(
    connection: Connection, role: str, *, setting: str, is_given: bool, others: Collection[str] = ()
) -> None:
    """Raise `RoleTooPowerful` or `RoleRefused` unless policies of the connection's database bind the role.

    `setting` is the variable that could name the role, and names it if `is_given`. `others` are roles whose policies
    must not be the role's too. Whoever may connect may ask.
    """
    named = (
        f"{setting} names the role {role}" if is_given else f"{setting} is not set, and the product's own role {role}"
    )
    if not role:
        raise RoleRefused(f"{setting} names no role. Write it as postgresql://role:password@host:port/database")
    if connection.execute("select from pg_roles where rolname = %s", [role]).fetchone() is None:
        raise RoleRefused(
            f'{named}, which the server does not have. Make it with "create role {role} login password …", or unset'
            f" {setting} and let the product make one"
        )
    if power := _power_of(connection, role, others):
        raise RoleTooPowerful(
            f"{named}, {power}. Row-level security would not bind it: every company would see the rows of all others."
            f" {_remedy(role, setting, is_given)}"
        )


def _power_of(connection: Connection, role: str, others: Collection[str]) -> str | None:
    """Why policies would not bind the role, as the end of a sentence; None when they do."""
    found = connection.execute(
        _POWERS,
        {
            "role": role,
            "others": sorted(set(others)),
            "above": list(ABOVE_POLICIES),
            "powers": list(ABOVE_POLICIES.values()),
        },
    ).fetchone()
    if found is not None:
        return (
            f"which {found['power']}"
            if found["is_itself"]
            else f"which can become {found['name']}, which {found['power']}"
        )
    key = connection.execute(_KEY, {"role": role}).fetchone()
    return "which may touch the key that scopes are signed with (tenancy.keys)" if key and key["is_open"] else None


def _remedy(role: str, setting: str, is_given: bool) -> str:
    bare = f'"alter role {role} nosuperuser nobypassrls nocreaterole noreplication"'
    if is_given:
        return (
            f"Name a role that owns nothing and is a member of none, made with"
            f' "create role … login password …", or unset {setting} and let the product make one'
        )
    return f'Take it away, as with {bare} and "revoke … from {role}", and start again'
