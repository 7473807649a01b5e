"""The marts of a build as one file for readers: without what only a build needs, with what the columns are about."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from warehouse.publication.table import BUILD_SCHEMA, DBT_LEFT_OVERS, PUBLISHED_SCHEMA, TECHNICAL_COLUMNS


def connect_engine(file: Path, *, memory_limit_mb: int, is_read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection in UTC that writes to disk, beside the file, what does not fit into memory."""
    limit: Mapping[str, Any] = {"memory_limit": f"{memory_limit_mb}MB"}
    connection = duckdb.connect(str(file), read_only=is_read_only, config=dict(limit))
    connection.execute("set timezone = 'UTC'")
    return connection


def write_result(build: Path, file: Path, *, memory_limit_mb: int) -> dict[str, int]:
    """Copy the built marts into a new file, as `marts`; the rows of each."""
    rows = {}
    with connect_engine(file, memory_limit_mb=memory_limit_mb) as database:
        database.execute(f"attach {text_of(build)} as build (read_only)")
        database.execute("set preserve_insertion_order = false")
        database.execute(f"create schema {PUBLISHED_SCHEMA}")
        for mart in _marts(database):
            source, target = f'build.{BUILD_SCHEMA}."{mart}"', f'{PUBLISHED_SCHEMA}."{mart}"'
            columns = ", ".join(f'"{name}"' for name, _ in _columns(database, mart))
            copied = database.execute(f"create table {target} as select {columns} from {source}").fetchall()  # nosec B608
            rows[mart] = int(copied[0][0])
            _comment(database, mart)
    return rows


def text_of(value: object) -> str:
    """A literal of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _marts(database: duckdb.DuckDBPyConnection) -> list[str]:
    found = database.execute(
        "select table_name from duckdb_tables() where database_name = 'build' and schema_name = ?"
        " and table_name not like ? escape '\\' order by table_name",
        [BUILD_SCHEMA, DBT_LEFT_OVERS],
    )
    return [name for (name,) in found.fetchall()]


def _columns(database: duckdb.DuckDBPyConnection, mart: str) -> list[tuple[str, str | None]]:
    """The published columns of a mart, each with its comment."""
    found = database.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'build' and schema_name = ?"
        " and table_name = ? order by column_index",
        [BUILD_SCHEMA, mart],
    )
    return [(name, comment) for name, comment in found.fetchall() if name not in TECHNICAL_COLUMNS]


def _comment(database: duckdb.DuckDBPyConnection, mart: str) -> None:
    target = f'{PUBLISHED_SCHEMA}."{mart}"'
    table = database.execute(
        "select comment from duckdb_tables() where database_name = 'build' and schema_name = ? and table_name = ?",
        [BUILD_SCHEMA, mart],
    ).fetchall()[0][0]
    if table:
        database.execute(f"comment on table {target} is {text_of(table)}")
    for name, comment in _columns(database, mart):
        if comment:
            database.execute(f'comment on column {target}."{name}" is {text_of(comment)}')
