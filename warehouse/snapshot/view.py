"""The views of a snapshot, which analysts find beside the marts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.snapshot.comment import Comment, write_comments

STATEMENTS = Path(__file__).with_name("views.sql")
SCHEMA = "analysis"
_VIEW = re.compile(rf"create or replace view ({SCHEMA}\.\w+)")
_TABLE = re.compile(r"marts\.(\w+)")
_COLUMN = re.compile(r"^-- (\w+): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class View:
    """A view: its name with schema, what it shows, its statement, and the marts it reads, the first one first.

    `columns` has what is said of its columns here; the others are as their mart says.
    """

    name: str
    description: str
    columns: Mapping[str, str]
    statement: str
    tables: tuple[str, ...]


def read_views() -> Iterator[View]:
    """The views as they are written down."""
    for block in STATEMENTS.read_text(encoding="utf-8").split("\n\n-- ")[1:]:
        description, _, rest = block.partition("\n")
        found = _VIEW.search(rest)
        assert found is not None, description
        statement = rest[found.start() :].strip()
        columns = dict(_COLUMN.findall(rest[: found.start()]))
        yield View(found.group(1), description, columns, statement, tuple(dict.fromkeys(_TABLE.findall(statement))))


def create_views(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Create each view that the marts there are can answer; the names of those that were made.

    A snapshot without a view is better than none: marts may be of another version for a while.
    """
    there = {name for (name,) in database.execute("select table_name from duckdb_tables()").fetchall()}
    database.execute(f"drop schema if exists {SCHEMA} cascade")
    database.execute(f"create schema {SCHEMA}")
    made: list[View] = []
    for view in read_views():
        if not there.issuperset(view.tables):
            continue
        try:
            database.execute(view.statement)
        except duckdb.BinderException:
            continue
        made.append(view)
    write_comments(database, _comments(database, made))
    return [view.name for view in made]


def _comments(database: duckdb.DuckDBPyConnection, views: Iterable[View]) -> Iterator[Comment]:
    """What each view and each of its columns are about."""
    listed = "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts'"
    of_marts = {(table, column): text for table, column, text in database.execute(listed).fetchall()}
    for view in views:
        yield Comment(view.name, view.description)
        for column, *_ in database.execute(f"describe {view.name}").fetchall():
            said = [view.columns.get(column), *(of_marts.get((table, column)) for table in view.tables)]
            if text := next(filter(None, said), None):
                yield Comment(view.name, text, column)
