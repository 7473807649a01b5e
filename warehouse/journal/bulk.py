"""Rows into a table by COPY, also where row-level security refuses COPY."""

from collections.abc import Sequence
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

Connection = psycopg.Connection[DictRow]

BINARY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
BINARY_END = b"\xff\xff"


def binary_rows(rows: Sequence[bytes], *, field_count: int) -> bytes:
    """Rows in COPY's binary form, each given as its values behind their lengths."""
    count = field_count.to_bytes(2, "big")
    # Before each row, so that there may be none.
    return count.join([BINARY_HEAD, *rows]) + BINARY_END


def put_rows(connection: Connection, table: LiteralString, columns: Sequence[LiteralString], data: str | bytes) -> int:
    """Append rows in the order in which they are given: text, or bytes in the binary form; how many were inserted.

    Who owns the table copies into it. Whoever row-level security holds for may not: the rows take a detour, and the
    policies see each of them.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.Identifier(table)
    if not _is_guarded(connection, table):
        return _copy(connection, target, names, data)
    arriving = sql.Identifier(f"arriving_{table}")
    connection.execute(
        sql.SQL("create temporary table {} on commit drop as select {} from {} with no data").format(
            arriving, names, target
        )
    )
    _copy(connection, arriving, names, data)
    inserted = connection.execute(
        sql.SQL("insert into {} ({}) select {} from {}").format(target, names, names, arriving)
    ).rowcount
    connection.execute(sql.SQL("drop table {}").format(arriving))
    return inserted


def copy_binary(connection: Connection, table: LiteralString, data: bytes) -> None:
    """Fill a table of the caller's own, all its columns."""
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy {} from stdin (format binary)").format(sql.Identifier(table))) as copy,
    ):
        copy.write(data)


def _copy(connection: Connection, table: sql.Identifier, names: sql.Composed, data: str | bytes) -> int:
    form = sql.SQL(" (format binary)" if isinstance(data, bytes) else "")
    with connection.cursor() as cursor:
        with cursor.copy(sql.SQL("copy {} ({}) from stdin{}").format(table, names, form)) as copy:
            copy.write(data)
        return cursor.rowcount


def _is_guarded(connection: Connection, table: LiteralString) -> bool:
    row = connection.execute("select row_security_active(%s) as found", [table]).fetchone()
    return bool(row and row["found"])
