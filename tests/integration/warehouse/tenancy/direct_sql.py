"""What a role may do with every relation of every schema of a database, found out by asking for it."""

import psycopg
from psycopg import sql

from tests.integration.warehouse.tenancy.conftest import Connection
from warehouse.databases import connect

VERBS = ("select", "insert", "update", "delete", "truncate", "references", "trigger")
RELATIONS = """
select relnamespace::regnamespace::text as schema, relname::text as name
from pg_class
where relkind in ('r', 'p', 'v', 'm', 'f') and relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
order by 1, 2
"""
FUNCTIONS = """
select pronamespace::regnamespace::text || '.' || proname as name
from pg_proc
where pronamespace::regnamespace::text !~ '^(pg_|information_schema$)'
    and has_schema_privilege(%(role)s, pronamespace, 'usage') and has_function_privilege(%(role)s, oid, 'execute')
    and prorettype <> 'trigger'::regtype
    -- Those of extensions change nothing and know nothing.
    and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
"""


def relations(owner_url: str) -> list[str]:
    """All tables and views, as `schema.name`."""
    with connect(owner_url) as owner:
        return [f"{row['schema']}.{row['name']}" for row in owner.execute(RELATIONS).fetchall()]


def open_relations(owner_url: str, role_url: str) -> dict[str, set[str]]:
    """By relation: what the role may do with it, or with some column of it. Relations closed to it are left out."""
    found: dict[str, set[str]] = {}
    with connect(role_url) as connection:
        for relation in relations(owner_url):
            schema, _, name = relation.partition(".")
            verbs = set(_granted(connection, schema, name))
            if verbs and not _answers(connection, sql.Identifier(schema, name)):
                # Granted, but behind a schema that is closed.
                verbs = set()
            if verbs:
                found[relation] = verbs
    return found


def _granted(connection: Connection, schema: str, name: str) -> list[str]:
    row = connection.execute(
        """
        select array(
            select verb from unnest(%(verbs)s::text []) as verb
            where has_table_privilege(tables.oid, verb)
                or (verb in ('select', 'insert', 'update', 'references') and has_any_column_privilege(tables.oid, verb))
        ) as verbs
        from pg_class as tables
        where relnamespace = (select oid from pg_namespace where nspname = %(schema)s) and relname = %(name)s
        """,
        {"schema": schema, "name": name, "verbs": list(VERBS)},
    ).fetchone()
    assert row is not None
    verbs: list[str] = row["verbs"]
    return verbs


def _answers(connection: Connection, relation: sql.Identifier) -> bool:
    """Whether its rows may be counted."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("select count(*) from {}").format(relation))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def callable_functions(owner_url: str, role: str) -> set[str]:
    """The functions of ours that a role may call, as `schema.name`."""
    with connect(owner_url) as owner:
        return {row["name"] for row in owner.execute(FUNCTIONS, {"role": role}).fetchall()}
