"""Writes published tables into a DuckDB file and Parquet files beside it."""

from pathlib import Path
from typing import Any

import duckdb
from psycopg import sql

from warehouse.publication.table import PUBLISHED_SCHEMA, Column, Table
from warehouse.snapshot.column_type import ColumnTypeUnknown, duckdb_type, is_sent_as_text

# Not named after the schema in it: DuckDB calls a database by its file, and `marts.fct_orders` would mean two things.
DUCKDB_FILE = "snapshot.duckdb"


def select_statement(table: Table) -> str:
    """SQL over the warehouse that reads a table in the order of its key, in types that Arrow carries exactly."""
    columns = sql.SQL(", ").join(
        sql.SQL("{0}::text as {0}" if is_sent_as_text(column.type) else "{0}").format(sql.Identifier(column.name))
        for column in table.columns
    )
    order = sql.SQL(", ").join(map(sql.Identifier, table.key))
    ordered = sql.SQL(" order by {}").format(order) if table.key else sql.SQL("")
    return sql.SQL("select {} from {}{}").format(columns, table.identifier, ordered).as_string(None)


def create_statement(table: Table) -> str:
    """DuckDB's statement for an empty table of the same columns. Raises `ColumnTypeUnknown` naming the column."""
    columns = ", ".join(f"{_quoted(column.name)} {_type(table, column)}" for column in table.columns)
    return f"create table {_name(table)} ({columns})"


def comment_statements(table: Table) -> list[str]:
    """DuckDB's statements that keep what the table and its columns are about."""
    comments = [f"comment on table {_name(table)} is {_text(table.comment)}"] if table.comment else []
    return comments + [
        f"comment on column {_name(table)}.{_quoted(column.name)} is {_text(column.comment)}"
        for column in table.columns
        if column.comment
    ]


def write_table(database: duckdb.DuckDBPyConnection, table: Table, rows: Any, directory: Path) -> int:
    """Stream rows (an Arrow reader) into the DuckDB table and its Parquet file; the number of rows."""
    database.execute(f"create schema if not exists {_quoted(PUBLISHED_SCHEMA)}")
    database.execute(create_statement(table))
    database.register("arriving_rows", rows)
    database.execute(f"insert into {_name(table)} select * from arriving_rows")  # nosec B608
    database.unregister("arriving_rows")
    for statement in comment_statements(table):
        database.execute(statement)
    file = _text(str(directory / f"{table.name}.parquet"))
    copied = database.execute(f"copy {_name(table)} to {file} (format parquet, compression zstd)").fetchall()
    return int(copied[0][0])


def _type(table: Table, column: Column) -> str:
    try:
        return duckdb_type(column.type)
    except ColumnTypeUnknown as unknown:
        raise ColumnTypeUnknown(
            f"{table.schema}.{table.name}.{column.name} is of type {unknown}, which snapshots don't know; "
            "cast the column in its model or teach snapshots the type"
        ) from None


def _name(table: Table) -> str:
    return f"{_quoted(PUBLISHED_SCHEMA)}.{_quoted(table.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str | None) -> str:
    return "'" + (value or "").replace("'", "''") + "'"
