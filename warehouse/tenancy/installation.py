"""Brings roles, grants, policies and the key of scopes into both databases; part of every start."""

from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.tenancy.access import Access, user_of
from warehouse.tenancy.mart_protection import protect_marts, remember_roles
from warehouse.tenancy.power import refuse_power
from warehouse.tenancy.privileges import APPLICATION_PRIVILEGES
from warehouse.tenancy.role import close_large_objects, ensure_role, grant_tables, open_database, open_schemas

Connection = psycopg.Connection[DictRow]

# Two processes that start at once would overwrite each other's grants.
PREPARE_LOCK = 0x74_65_6E_61
FUNCTIONS = (Path(__file__).parent / "functions.sql").read_text()
# HMAC's block size for SHA-256.
BLOCK_BYTES = 64


def prepare_access(access: Access, *, database_url: str, warehouse_url: str) -> None:
    """Let the application, readers and analysts in, with what each needs and no more. Both databases must exist.

    Raises `AccessNotPrepared`: what a role may that policies don't bind is looked at before anything is granted to it.
    """
    with connect(database_url) as connection:
        _prepare(connection, access)
        _let_application_in(connection, access)
    with connect(warehouse_url) as connection:
        _prepare(connection, access)
        _let_readers_in(connection, access)


def _prepare(connection: Connection, access: Access) -> None:
    connection.execute("select pg_advisory_xact_lock(%s)", [PREPARE_LOCK])
    connection.execute(FUNCTIONS)
    inner, outer = _pads(access.scope_key)
    connection.execute(
        """
        insert into tenancy.keys as kept (inner_pad, outer_pad) values (%s, %s)
        on conflict (is_only) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad
        where (kept.inner_pad, kept.outer_pad) is distinct from (excluded.inner_pad, excluded.outer_pad)
        """,
        [inner, outer],
    )
    close_large_objects(connection)


def _pads(key: bytes) -> tuple[bytes, bytes]:
    padded = key.ljust(BLOCK_BYTES, b"\0")
    return bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)


def _ensure_bound(connection: Connection, access: Access, url: str, *, setting: str, settings: dict[str, str]) -> None:
    """Have the role of a URL, bound by policies. One that was given is left as it is."""
    is_given = url in access.given
    if not is_given:
        ensure_role(connection, url, setting=setting, settings=settings)
    refuse_power(connection, user_of(url), setting=setting, is_given=is_given, others=access.siblings(url))


def _let_readers_in(connection: Connection, access: Access) -> None:
    reader, analyst = user_of(access.marts_url), user_of(access.analyst_url)
    for url, setting, settings in (
        (access.marts_url, "MARTS_DATABASE_URL", {"search_path": "marts"}),
        (access.analyst_url, "ANALYST_DATABASE_URL", {"search_path": "marts", "default_transaction_read_only": "on"}),
    ):
        _ensure_bound(connection, access, url, setting=setting, settings=settings)
    open_database(connection, reader, analyst)
    connection.execute("create schema if not exists marts")
    open_schemas(connection, reader, "marts", "tenancy")
    open_schemas(connection, analyst, "marts")
    grant_tables(connection, reader, "tenancy", {})
    remember_roles(connection, reader=reader, analyst=analyst)
    protect_marts(connection)


def _let_application_in(connection: Connection, access: Access) -> None:
    role = user_of(access.application_url)
    _ensure_bound(
        connection,
        access,
        access.application_url,
        setting="APPLICATION_DATABASE_URL",
        # Temporary tables last: one of them must not stand in for a real one.
        settings={"search_path": "public, pg_temp"},
    )
    open_database(connection, role, with_temporary_tables=True)
    open_schemas(connection, role, "public", "tenancy")
    grant_tables(connection, role, "public", APPLICATION_PRIVILEGES)
    grant_tables(connection, role, "tenancy", {})
    # The number of a batch is drawn before the batch is stored.
    connection.execute(sql.SQL("grant usage on sequence event_batches_id_seq to {}").format(sql.Identifier(role)))
