"""The views of a snapshot, which analysts find beside the marts."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

STATEMENTS = Path(__file__).with_name("views.sql")
SCHEMA = "analysis"
_VIEW = re.compile(rf"create or replace view ({SCHEMA}\.\w+)")
_TABLE = re.compile(r"marts\.(\w+)")


@dataclass(frozen=True)
class View:
    """A view: its name with schema, what it shows, its statement, and the marts it reads."""

    name: str
    description: str
    statement: str
    tables: frozenset[str]


def read_views() -> Iterator[View]:
    """The views as they are written down."""
    for block in STATEMENTS.read_text(encoding="utf-8").split("\n\n-- ")[1:]:
        description, _, statement = block.partition("\n")
        found = _VIEW.search(statement)
        assert found is not None, description
        yield View(found.group(1), description, statement.strip(), frozenset(_TABLE.findall(statement)))


def create_views(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Create each view that the marts there are can answer; the names of those that were made.

    A snapshot without a view is better than none: marts may be of another version for a while.
    """
    there = {name for (name,) in database.execute("select table_name from duckdb_tables()").fetchall()}
    database.execute(f"drop schema if exists {SCHEMA} cascade")
    database.execute(f"create schema {SCHEMA}")
    made = []
    for view in read_views():
        if not view.tables <= there:
            continue
        with contextlib.suppress(duckdb.BinderException):
            database.execute(view.statement)
            text = view.description.replace("'", "''")
            database.execute(f"comment on view {view.name} is '{text}'")
            made.append(view.name)
    return made
