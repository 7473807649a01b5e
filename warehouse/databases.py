"""Connections to Postgres: one place that knows how URLs become connections."""

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from warehouse.settings import database_name, with_database


def connect(url: str, *, autocommit: bool = False, timeout_seconds: int | None = None) -> psycopg.Connection[DictRow]:
    """A connection whose rows are dicts and whose session is in UTC, and begins with the settings the URL names.

    Raises `psycopg.OperationalError`; after `timeout_seconds`, where they are given, also when the server is silent.
    """
    options = f"{conninfo_to_dict(url).get('options') or ''} -c timezone=UTC".strip()
    return psycopg.connect(
        url, autocommit=autocommit, row_factory=dict_row, options=options, connect_timeout=timeout_seconds
    )


def sqlalchemy_url(url: str) -> str:
    """The same URL for SQLAlchemy on psycopg 3 (sync and async)."""
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def database_exists(url: str) -> bool:
    """Whether the database a URL names exists on its server."""
    with connect(with_database(url, "postgres"), autocommit=True) as connection:
        found = connection.execute("select 1 as one from pg_database where datname = %s", [database_name(url)])
        return found.fetchone() is not None


def is_missing(url: str) -> bool:
    """Whether the server answers and has no such database."""
    try:
        return not database_exists(url)
    except psycopg.Error:
        return False


def create_database(url: str) -> bool:
    """Create the database a URL names unless it exists; whether it was created."""
    try:
        connect(url).close()
        return False
    except psycopg.OperationalError:
        if database_exists(url):
            raise
    with connect(with_database(url, "postgres"), autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database_name(url))))
        except psycopg.errors.DuplicateDatabase:
            return False
    return True


def drop_database(url: str) -> None:
    """Drop the database a URL names, ending its sessions."""
    with connect(with_database(url, "postgres"), autocommit=True) as connection:
        name = sql.Identifier(database_name(url))
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
