"""The application database of the settings, checked before a command uses it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import DictRow

from cli.failure import CommandFailed
from warehouse.databases import connect, database_exists, is_missing
from warehouse.servers import Servers, running_servers
from warehouse.settings import PROJECT_ROOT, database_name, get_settings

PREPARE = "python cli/manage.py db init"


@contextmanager
def open_servers() -> Iterator[Servers]:
    """Servers whose application database is there and up to date. Raises `CommandFailed` with what to do otherwise."""
    with running_servers(get_settings()) as servers:
        _check_schema(servers.database_url)
        yield servers


def require_any_database(servers: Servers) -> None:
    """Raises `CommandFailed` with what to do where the servers have neither database, because nothing was set up yet.

    One that is missing by itself, or a server that is away, is for the command to tell.
    """
    if is_missing(servers.database_url) and is_missing(servers.warehouse_url):
        application, warehouse = database_name(servers.database_url), database_name(servers.warehouse_url)
        raise CommandFailed(
            f"Nothing has run here yet: the databases {application} and {warehouse} do not exist. "
            f"Make them with: {PREPARE}"
        )


@contextmanager
def open_database() -> Iterator[psycopg.Connection[DictRow]]:
    """A connection in autocommit mode to the application database. Raises `CommandFailed` as `open_servers` does."""
    with open_servers() as servers, connect(servers.database_url, autocommit=True) as connection:
        yield connection


def _check_schema(url: str) -> None:
    try:
        with connect(url) as connection:
            found = _revision(connection)
    except psycopg.OperationalError:
        if database_exists(url):
            raise
        raise CommandFailed(f"The database {database_name(url)} does not exist yet. Make it with: {PREPARE}") from None
    wanted = _newest_revision()
    if found is None:
        raise CommandFailed(f"The database {database_name(url)} has no tables yet. Make them with: {PREPARE}")
    if found != wanted:
        raise CommandFailed(
            f"The database {database_name(url)} has the schema {found}, this version of the product needs {wanted}. "
            f"Bring it there with: {PREPARE}"
        )


def _revision(connection: psycopg.Connection[DictRow]) -> str | None:
    exists = connection.execute("select to_regclass('alembic_version') is not null as exists").fetchone()
    if exists is None or not exists["exists"]:
        return None
    row = connection.execute("select version_num from alembic_version").fetchone()
    return str(row["version_num"]) if row else None


def _newest_revision() -> str | None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(Config(PROJECT_ROOT / "alembic.ini")).get_current_head()
