"""Brings one published table to the rows that were staged for it, by those that differ."""

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.table import Table


def apply_staged(connection: psycopg.Connection[DictRow], table: Table, staging_schema: str) -> int:
    """Make a published table hold what the staged one of its name holds, in the caller's transaction; changed rows.

    Rows that differ are taken out and put in again, so that keys may change places.
    """
    names = {
        "mart": table.identifier,
        "staged": sql.Identifier(staging_schema, table.name),
        "columns": sql.SQL(", ").join(map(sql.Identifier, table.column_names)),
        "values": sql.SQL(", ").join(_value(column.name, column.type) for column in table.columns),
        "key": sql.SQL(", ").join(map(sql.Identifier, table.key)),
    }
    connection.execute(
        sql.SQL("create temporary table wanted on commit drop as select {values} from {staged}").format(**names)
    )
    # A row of the key alone in common is another row.
    removed = connection.execute(
        sql.SQL(
            "delete from {mart} as kept where not exists (select from wanted where ({wanted_key}) = ({kept_key})"
            " and ({wanted}) is not distinct from ({kept}))"
        ).format(
            **names,
            wanted_key=_of("wanted", table.key),
            kept_key=_of("kept", table.key),
            wanted=_of("wanted", table.column_names),
            kept=_of("kept", table.column_names),
        )
    ).rowcount
    written = connection.execute(
        sql.SQL(
            "insert into {mart} ({columns}) select {columns} from wanted"
            " where not exists (select from {mart} as kept where ({wanted_key}) = ({kept_key}))"
        ).format(**names, wanted_key=_of("wanted", table.key), kept_key=_of("kept", table.key))
    ).rowcount
    connection.execute("drop table wanted")
    return max(removed, written)


def _value(name: str, type_: str) -> sql.Composed:
    return sql.SQL("{0}::{1} as {0}").format(sql.Identifier(name), sql.SQL(type_))


def _of(table: str, columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in columns)
