"""Holds the marts of the second engine against the published ones, row by row and value by value."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.engine.result import connect_engine, text_of
from warehouse.publication.table import PUBLISHED_SCHEMA, Table
from warehouse.snapshot.column_type import duckdb_type
from warehouse.snapshot.writing import select_statement

SHOWN_DIFFERENCES = 5


@dataclass(frozen=True)
class RowDifference:
    """A row, by its key, that only one of the two has, or whose named columns differ."""

    key: dict[str, str]
    problem: str


@dataclass(frozen=True)
class MartComparison:
    """What was found of one mart: rows on either side, how many differ, and the first of them by key."""

    mart: str
    published_rows: int
    built_rows: int
    different_rows: int
    first: tuple[RowDifference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether both sides are the same."""
        return not self.different_rows and self.published_rows == self.built_rows


def compare_marts(
    reading: Any, tables: Sequence[Table], result: Path, work: Path, *, memory_limit_mb: int
) -> list[MartComparison]:
    """Compare each published table with the mart of that name in `result`.

    `reading` is an ADBC cursor over the warehouse, whose snapshot it reads.
    """
    with connect_engine(work, memory_limit_mb=memory_limit_mb) as database:
        database.execute(f"attach {text_of(result)} as built (read_only)")
        return [_compare(database, reading, table) for table in tables]


def _compare(database: duckdb.DuckDBPyConnection, reading: Any, table: Table) -> MartComparison:
    built = f'built.{PUBLISHED_SCHEMA}."{table.name}"'
    names = [name for name, *_ in database.execute(f"describe {built}").fetchall()]
    if sorted(names) != sorted(table.column_names):
        only = sorted(set(names) ^ set(table.column_names))
        difference = RowDifference({}, f"the columns differ: {', '.join(only)}")
        return MartComparison(table.name, 0, 0, 1, (difference,))
    _fetch(database, reading, table)
    database.execute(_differences(table, built))
    comparison = MartComparison(
        table.name,
        published_rows=_count(database, "published"),
        built_rows=_count(database, built),
        different_rows=_count(database, "differences"),
        first=tuple(_first(database, table)),
    )
    for name in ("differences", "published"):
        database.execute(f"drop table {name}")
    return comparison


def _count(database: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(database.execute(f"select count(*) from {table}").fetchall()[0][0])  # nosec B608


def _fetch(database: duckdb.DuckDBPyConnection, reading: Any, table: Table) -> None:
    columns = ", ".join(f'"{column.name}" {duckdb_type(column.type)}' for column in table.columns)
    database.execute(f"create table published ({columns})")
    reading.execute(select_statement(Table(table.schema, table.name, table.columns, key=())))
    database.register("arriving_rows", reading.fetch_record_batch())
    database.execute("insert into published select * from arriving_rows")
    database.unregister("arriving_rows")


def _differences(table: Table, built: str) -> str:
    """A statement that makes the table `differences`: the key, and what is wrong."""
    key = [f'"{name}"' for name in _key(table)]
    rest = [column for column in table.columns if column.name not in _key(table)]
    # Types may be wider on one side; a value is the same when it is the same as the published type.
    mine = ", ".join(f'cast("{c.name}" as {duckdb_type(c.type)}) as "{c.name}"' for c in table.columns)
    on = " and ".join(f"ours.{name} is not distinct from theirs.{name}" for name in key)
    differing = ", ".join(
        f'case when ours."{c.name}" is distinct from theirs."{c.name}" then \'{c.name}\' end' for c in rest
    )
    return f"""
        create table differences as
        with ours as (select {mine}, true as is_there from {built}),
        theirs as (select *, true as is_there from published),
        joined as (
            select {", ".join(f"coalesce(ours.{name}, theirs.{name}) as {name}" for name in key)},
                case
                    when theirs.is_there is null then 'is not published'
                    when ours.is_there is null then 'was not built'
                    else nullif(concat_ws(', ', {differing or "null"}), '')
                end as problem
            from ours full outer join theirs on {on}
        )
        select * from joined where problem is not null
    """  # nosec B608


def _first(database: duckdb.DuckDBPyConnection, table: Table) -> list[RowDifference]:
    key = ", ".join(f'"{name}"' for name in _key(table))
    rows = database.execute(
        f"select problem, {key} from differences order by {key} limit {SHOWN_DIFFERENCES}"  # nosec B608
    ).fetchall()
    return [RowDifference(dict(zip(_key(table), map(str, values), strict=True)), problem) for problem, *values in rows]


def _key(table: Table) -> tuple[str, ...]:
    """What tells a row from every other; a table without a key has its whole rows."""
    return table.key or table.column_names
