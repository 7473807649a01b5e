"""Makes the roles and grants them what they need. Every step can be repeated, and changes only what differs."""

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.tenancy.access import password_of, user_of

Connection = psycopg.Connection[DictRow]


class AccessNotPrepared(Exception):
    """Nobody can be let into the databases as they are; the message says why, and what to do."""


class RoleRefused(AccessNotPrepared):
    """A role can't be used as it is; the message says which setting could name it, why, and what to do instead."""


class RolesNotCreatable(RoleRefused):
    """The owner may not create roles; the message says what to do instead."""


def ensure_role(connection: Connection, url: str, *, setting: str, settings: dict[str, str]) -> None:
    """A role that can log in as the URL says and has no other power. `setting` is the variable that could name one.

    Raises `RolesNotCreatable`.
    """
    name, password = user_of(url), password_of(url)
    found = connection.execute("select rolconfig from pg_roles where rolname = %s", [name]).fetchone()
    try:
        # In a savepoint: a refusal leaves the caller's transaction as it was.
        with connection.transaction():
            if found is None:
                connection.execute(
                    sql.SQL(
                        "create role {} login password {} nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
                    ).format(sql.Identifier(name), sql.Literal(password))
                )
            elif not _can_log_in(url):
                connection.execute(
                    sql.SQL("alter role {} login password {}").format(sql.Identifier(name), sql.Literal(password))
                )
            _configure(connection, name, (found or {}).get("rolconfig") or [], settings)
    except psycopg.errors.DuplicateObject:
        pass
    except psycopg.errors.InsufficientPrivilege as error:
        raise RolesNotCreatable(
            f"The role {connection.info.user} may not make the role {name} ({_first_line(error)}). Let it with "
            f'"alter role {connection.info.user} createrole", or make a role yourself and name it with {setting}'
        ) from error


def _can_log_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        # No right to connect yet, but the password was right: that is asked after.
        return "permission denied for database" in str(error)
    return True


def _configure(connection: Connection, name: str, found: list[str], settings: dict[str, str]) -> None:
    for setting, value in settings.items():
        if f"{setting}={value}" not in found:
            connection.execute(
                sql.SQL("alter role {} set {} to {}").format(
                    sql.Identifier(name),
                    sql.Identifier(setting),
                    sql.SQL(", ").join(sql.Literal(part.strip()) for part in value.split(",")),
                )
            )


def open_database(connection: Connection, *roles: str, with_temporary_tables: bool = False) -> None:
    """Let these roles connect, and nobody else but the owner."""
    row = connection.execute("select current_database() as name").fetchone()
    assert row is not None
    database = sql.Identifier(row["name"])
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))
    connection.execute(sql.SQL("revoke all on schema public from public"))
    privileges = sql.SQL("connect, temporary" if with_temporary_tables else "connect")
    for role in roles:
        connection.execute(sql.SQL("grant {} on database {} to {}").format(privileges, database, sql.Identifier(role)))


def close_large_objects(connection: Connection) -> None:
    """Keep everybody from making large objects: no policy stands before what lies in them, and no erasure reaches it.

    Only a superuser may; where the owner is none, they stay as the server's operator left them.
    """
    rows = connection.execute(
        """
        select oid::regprocedure::text as signature
        from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace
            and proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite')
            and has_function_privilege('public', oid, 'execute')
            and (select rolsuper from pg_roles where rolname = current_user)
        """
    ).fetchall()
    for row in rows:
        connection.execute(sql.SQL("revoke execute on function {} from public").format(sql.SQL(row["signature"])))


def open_schemas(connection: Connection, role: str, *schemas: str) -> None:
    """Let a role look things up in these schemas; it may make nothing in them."""
    for schema in schemas:
        connection.execute(
            sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(schema), sql.Identifier(role))
        )


def grant_tables(connection: Connection, role: str, schema: str, wanted: dict[str, frozenset[str]]) -> None:
    """Give a role exactly these privileges on the tables of a schema that are there."""
    rows = connection.execute(
        """
        select
            tables.relname as name,
            array(
                select lower(privilege_type) from aclexplode(tables.relacl) as entries
                inner join pg_roles as roles on entries.grantee = roles.oid
                where roles.rolname = %(role)s
            ) as privileges
        from pg_class as tables
        where tables.relnamespace = %(schema)s::regnamespace and tables.relkind in ('r', 'p', 'v', 'm')
        order by tables.relname
        """,
        {"role": role, "schema": schema},
    ).fetchall()
    for row in rows:
        should, has = wanted.get(row["name"], frozenset()), frozenset(row["privileges"])
        table = sql.Identifier(schema, row["name"])
        if has - should:
            connection.execute(sql.SQL("revoke all on {} from {}").format(table, sql.Identifier(role)))
        if has != should and should:
            privileges = sql.SQL(", ").join(sql.SQL(name) for name in sorted(should))
            connection.execute(sql.SQL("grant {} on {} to {}").format(privileges, table, sql.Identifier(role)))


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
