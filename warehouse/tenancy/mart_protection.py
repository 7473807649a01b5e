"""Brings policies and grants of every mart to what the code says, whatever they were."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.tenancy.mart_policy import MartRule, rule_of
from warehouse.tenancy.role import AccessNotPrepared

Connection = psycopg.Connection[DictRow]

# A policy is changed while nobody reads the mart. Whoever waits for that stops all who come later: so it waits only
# shortly, lets them through, and tries again.
LOCK_WAIT_MS = 500
LOCK_PAUSE_SECONDS = 0.5
LOCK_ATTEMPTS = 60

CREATE_ROLES = """
create schema if not exists control;
create table if not exists control.database_roles (kind text primary key, name text not null);
"""

_FOUND = """
select
    tables.relname as mart,
    tables.relrowsecurity as is_protected,
    array(
        select attname::text from pg_attribute where attrelid = tables.oid and attnum > 0 and not attisdropped
    ) as columns,
    array(
        select jsonb_build_object(
            'name', polname, 'roles', polroles::regrole []::text [], 'condition', pg_get_expr(polqual, polrelid),
            'is_plain', polpermissive and polcmd = 'r' and polwithcheck is null,
            'mark', obj_description(policies.oid, 'pg_policy')
        )
        from pg_policy as policies
        where polrelid = tables.oid
    ) as policies,
    array(
        select jsonb_build_array(grantee::regrole::text, lower(privilege_type), null)
        from aclexplode(tables.relacl)
        where grantee in (%(reader)s::regrole, %(analyst)s::regrole)
        union all
        select jsonb_build_array(grantee::regrole::text, lower(privilege_type), attname)
        from pg_attribute
        cross join aclexplode(attacl)
        where attrelid = tables.oid and not attisdropped and grantee in (%(reader)s::regrole, %(analyst)s::regrole)
    ) as grants
from pg_class as tables
where tables.relnamespace = to_regnamespace('marts') and tables.relkind in ('r', 'p')
order by tables.relname
"""


class MartsBusy(AccessNotPrepared):
    """Marts whose policies have to change are read all the time; the message says by whom."""


@dataclass(frozen=True)
class _Roles:
    reader: str
    analyst: str


def remember_roles(connection: Connection, *, reader: str, analyst: str) -> None:
    """Keep the names for publications, which let both read the marts they make. Whoever they follow reads none."""
    connection.execute(CREATE_ROLES)
    former = connection.execute(
        "select name from control.database_roles inner join pg_roles on rolname = name where name <> all(%s)",
        [[reader, analyst]],
    ).fetchall()
    for row in former:
        role = sql.Identifier(row["name"])
        connection.execute(sql.SQL("revoke all on all tables in schema marts from {}").format(role))
        connection.execute(sql.SQL("revoke all on schema marts from {}").format(role))
    connection.execute(
        "insert into control.database_roles values ('reader', %s), ('analyst', %s)"
        " on conflict (kind) do update set name = excluded.name where database_roles.name <> excluded.name",
        [reader, analyst],
    )


def protect_marts(connection: Connection) -> None:
    """Let readers and analysts read every mart as far as each may, in the caller's transaction.

    Marts that are as the code says are not touched. Others change when the transaction commits, all of them at once;
    policies of others than these two roles go. Raises `MartsBusy`.
    """
    connection.execute(CREATE_ROLES)
    known = {row["kind"]: row["name"] for row in connection.execute("select kind, name from control.database_roles")}
    if len(known) < 2:
        # Nobody was let into this warehouse yet; whoever lets them in comes here again.
        return
    roles = _Roles(known["reader"], known["analyst"])
    with _plain_names(connection):
        found = connection.execute(_FOUND, {"reader": _quoted(roles.reader), "analyst": _quoted(roles.analyst)})
        stale = [row for row in found.fetchall() if not _is_as_wanted(row, roles)]
        if not stale:
            return
        _lock(connection, [row["mart"] for row in stale])
        for row in stale:
            _protect(connection, row, roles)


@contextmanager
def _plain_names(connection: Connection) -> Iterator[None]:
    """Conditions are shown with every name in full, whatever the path of the owner is."""
    row = connection.execute("select current_setting('search_path') as path").fetchone()
    assert row is not None
    connection.execute("select set_config('search_path', 'pg_catalog', true)")
    yield
    connection.execute("select set_config('search_path', %s, true)", [row["path"]])


def _quoted(role: str) -> str:
    return '"' + role.replace('"', '""') + '"'


def _wanted_policies(rule: MartRule | None, roles: _Roles) -> dict[str, tuple[str, str]]:
    """By name: for whom, and which rows."""
    wanted = {"analysts": (roles.analyst, "true")}
    if rule is not None:
        wanted["readers"] = (roles.reader, f"{rule.condition} or (select tenancy.is_staff())")
    return wanted


def _wanted_grants(rule: MartRule | None, roles: _Roles) -> set[tuple[str, str, str | None]]:
    """Who may select which column, None being all."""
    wanted: set[tuple[str, str, str | None]] = {(roles.analyst, "select", None)}
    if rule is not None:
        columns: set[str | None] = {None} if rule.columns is None else set(rule.columns)
        wanted |= {(roles.reader, "select", column) for column in columns}
    return wanted


def _is_as_wanted(row: DictRow, roles: _Roles) -> bool:
    rule = rule_of(row["mart"], row["columns"])
    grants = {(_bare(role), privilege, column) for role, privilege, column in row["grants"]}
    policies = _wanted_policies(rule, roles)
    return (
        row["is_protected"]
        and grants == _wanted_grants(rule, roles)
        and len(row["policies"]) == len(policies)
        and all(_is_policy(found, policies) for found in row["policies"])
    )


def _is_policy(found: dict[str, Any], wanted: dict[str, tuple[str, str]]) -> bool:
    if found["name"] not in wanted or not found["is_plain"]:
        return False
    role, condition = wanted[found["name"]]
    return [_bare(each) for each in found["roles"]] == [role] and found["mark"] == _mark(condition, found["condition"])


def _bare(role: str) -> str:
    return role[1:-1].replace('""', '"') if role.startswith('"') else role


def _mark(condition: str, as_kept: str) -> str:
    """Of a condition as it was written and as Postgres keeps it: not comparable, but each with what it was before."""
    return hashlib.sha256(f"{condition}\n{as_kept}".encode()).hexdigest()


def _lock(connection: Connection, marts: Sequence[str]) -> None:
    """Keep everybody from reading these marts, all or none. Raises `MartsBusy`."""
    row = connection.execute("select current_setting('lock_timeout') as waits").fetchone()
    assert row is not None
    tables = sql.SQL(", ").join(sql.Identifier("marts", mart) for mart in marts)
    for attempt in range(LOCK_ATTEMPTS):
        try:
            with connection.transaction():
                connection.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_WAIT_MS}ms"])
                connection.execute(sql.SQL("lock table {} in access exclusive mode").format(tables))
                connection.execute("select set_config('lock_timeout', %s, true)", [row["waits"]])
                return
        except psycopg.errors.LockNotAvailable:
            if attempt + 1 < LOCK_ATTEMPTS:
                time.sleep(LOCK_PAUSE_SECONDS)
    raise MartsBusy(_busy(connection, marts))


def _busy(connection: Connection, marts: Sequence[str]) -> str:
    readers = connection.execute(
        """
        select distinct locks.pid, coalesce(sessions.usename::text, 'a role of the server') as role
        from pg_locks as locks
        left join pg_stat_activity as sessions using (pid)
        where locks.granted and locks.pid <> pg_backend_pid() and locks.relation in (
            select oid from pg_class where relnamespace = 'marts'::regnamespace and relname = any(%s)
        )
        order by locks.pid
        """,
        [list(marts)],
    ).fetchall()
    named = ", ".join(f"{row['role']} (process {row['pid']})" for row in readers) or "others"
    return (
        f"Who may read what has changed for {', '.join(marts)}, but {named} did not stop reading. Nothing was changed."
        " End it, as with select pg_terminate_backend(process), or try again later"
    )


def _protect(connection: Connection, row: DictRow, roles: _Roles) -> None:
    mart = sql.Identifier("marts", row["mart"])
    rule = rule_of(row["mart"], row["columns"])
    both = sql.SQL(", ").join(map(sql.Identifier, (roles.reader, roles.analyst)))
    connection.execute(sql.SQL("grant usage on schema marts to {}").format(both))
    connection.execute(sql.SQL("alter table {} enable row level security").format(mart))
    for found in row["policies"]:
        connection.execute(sql.SQL("drop policy {} on {}").format(sql.Identifier(found["name"]), mart))
    # Those of columns go with those of the table.
    connection.execute(sql.SQL("revoke all on {} from {}").format(mart, both))
    for name, (role, condition) in _wanted_policies(rule, roles).items():
        _make_policy(connection, mart, name, role=role, condition=condition)
    connection.execute(sql.SQL("grant select on {} to {}").format(mart, sql.Identifier(roles.analyst)))
    if rule is None or rule.columns == frozenset():
        return
    columns: sql.Composable = sql.SQL("")
    if rule.columns is not None:
        columns = sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, sorted(rule.columns))))
    connection.execute(sql.SQL("grant select{} on {} to {}").format(columns, mart, sql.Identifier(roles.reader)))


def _make_policy(connection: Connection, mart: sql.Identifier, name: str, *, role: str, condition: str) -> None:
    policy = sql.Identifier(name)
    connection.execute(
        sql.SQL("create policy {} on {} for select to {} using ({})").format(
            policy,
            mart,
            sql.Identifier(role),
            sql.SQL(condition),
        )
    )
    kept = connection.execute(
        "select pg_get_expr(polqual, polrelid) as condition from pg_policy"
        " where polname = %s and polrelid = %s::regclass",
        [name, mart.as_string(connection)],
    ).fetchone()
    assert kept is not None
    mark = sql.Literal(_mark(condition, kept["condition"]))
    connection.execute(sql.SQL("comment on policy {} on {} is {}").format(policy, mart, mark))
