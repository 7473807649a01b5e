"""Writes published tables into a DuckDB file and Parquet files beside it.

A table that is divided into days has a directory with a file for each of them, which readers take for one file.
"""

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from psycopg import sql

from warehouse.publication.days import MART_DAYS, is_of_days
from warehouse.publication.table import PUBLISHED_SCHEMA, Column, Table
from warehouse.snapshot.column_type import ColumnTypeUnknown, duckdb_type, is_sent_as_text

# Not named after the schema in it: DuckDB calls a database by its file, and `marts.fct_orders` would mean two things.
DUCKDB_FILE = "snapshot.duckdb"


def parquet_path(directory: Path, table: str, *, day: str | None = None) -> Path:
    """Where a snapshot has the rows of a table, or of one day (ISO 8601) of it."""
    whole = directory / f"{table}.parquet"
    return whole if day is None else whole / f"{day}.parquet"


def select_statement(table: Table, days: Collection[date] | None = None) -> str:
    """SQL over the warehouse that reads a table, or some of its days, in types that Arrow carries exactly.

    A whole table comes in the order of its days, if it is divided into them, and of its key; some days as they lie.
    """
    columns = sql.SQL(", ").join(
        sql.SQL("{0}::text as {0}" if is_sent_as_text(column.type) else "{0}").format(sql.Identifier(column.name))
        for column in table.columns
    )
    read = sql.SQL("select {} from {}").format(columns, table.identifier)
    if days is not None:
        read += sql.SQL(" where {}").format(is_of_days(table.name, days))
    elif table.key:
        read += sql.SQL(" order by {}").format(sql.SQL(", ").join(map(sql.Identifier, _order(table))))
    return read.as_string(None)


def _order(table: Table) -> list[str]:
    day = MART_DAYS.get(table.name)
    return [day.day, *(name for name in table.key if name != day.day)] if day else list(table.key)


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
    """Stream rows (an Arrow reader) into a new DuckDB table and its Parquet file; the number of rows."""
    database.execute(f"create schema if not exists {_quoted(PUBLISHED_SCHEMA)}")
    database.execute(create_statement(table))
    for statement in comment_statements(table):
        database.execute(statement)
    _insert(database, table, rows)
    if table.name in MART_DAYS:
        parquet_path(directory, table.name).mkdir()
        return _write_days(database, table, directory)
    file = _text(str(parquet_path(directory, table.name)))
    copied = database.execute(f"copy {_name(table)} to {file} (format parquet, compression zstd)").fetchall()
    return int(copied[0][0])


def add_rows(database: duckdb.DuckDBPyConnection, table: Table, rows: Any, directory: Path) -> int:
    """Put rows of days it has not into the DuckDB table, and write a Parquet file for each; all rows it has now.

    They are sorted here: Postgres takes several times as long, by way of the disk.
    """
    _insert(database, table, rows, order=f" order by {_order_list(table)}")
    return _write_days(database, table, directory)


def _write_days(database: duckdb.DuckDBPyConnection, table: Table, directory: Path) -> int:
    """Write the Parquet files of days that have none. A table without a row has one all the same, for its columns."""
    day = _quoted(MART_DAYS[table.name].day)
    counted = database.execute(f"select {day}, count(*) from {_name(table)} group by 1").fetchall()  # nosec B608
    for value in [value for value, _ in counted] or [date.min]:
        file = parquet_path(directory, table.name, day=value.isoformat())
        if not file.exists():
            database.execute(
                f"copy (select * from {_name(table)} where {day} = '{value}' order by {_order_list(table)})"  # nosec B608
                f" to {_text(str(file))} (format parquet, compression zstd)"
            )
    return sum(count for _, count in counted)


def _order_list(table: Table) -> str:
    return ", ".join(map(_quoted, _order(table)))


def _insert(database: duckdb.DuckDBPyConnection, table: Table, rows: Any, *, order: str = "") -> None:
    database.register("arriving_rows", rows)
    database.execute(f"insert into {_name(table)} select * from arriving_rows{order}")  # nosec B608
    database.unregister("arriving_rows")


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
