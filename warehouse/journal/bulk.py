"""Rows into a table by COPY, also where row-level security refuses COPY."""

from collections.abc import Sequence
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

Connection = psycopg.Connection[DictRow]

# Rows in COPY's binary form behind each other, each with the number of its fields.
Rows = bytes | memoryview
HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"


def put_rows(connection: Connection, table: LiteralString, columns: Sequence[LiteralString], rows: Rows) -> int:
    """Append rows in the order in which they are given; how many were inserted.

    Who owns the table copies into it. Whoever row-level security holds for may not: the rows take a detour, and the
    policies see each of them.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.Identifier(table)
    if not _is_guarded(connection, table):
        return _copy(connection, sql.SQL("{} ({})").format(target, names), rows)
    arriving = sql.Identifier(f"arriving_{table}")
    connection.execute(
        sql.SQL("create temporary table {} on commit drop as select {} from {} with no data").format(
            arriving, names, target
        )
    )
    _copy(connection, arriving, rows)
    inserted = connection.execute(
        sql.SQL("insert into {} ({}) select {} from {}").format(target, names, names, arriving)
    ).rowcount
    connection.execute(sql.SQL("drop table {}").format(arriving))
    return inserted


def fill(connection: Connection, table: LiteralString, rows: Rows) -> None:
    """Fill a table of the caller's own, all its columns."""
    _copy(connection, sql.Identifier(table), rows)


def _copy(connection: Connection, target: sql.Composable, rows: Rows) -> int:
    with connection.cursor() as cursor:
        with cursor.copy(sql.SQL("copy {} from stdin (format binary)").format(target)) as copy:
            for part in (HEAD, rows, END):
                copy.write(part)
        return cursor.rowcount


def _is_guarded(connection: Connection, table: LiteralString) -> bool:
    row = connection.execute("select row_security_active(%s) as found", [table]).fetchone()
    return bool(row and row["found"])
