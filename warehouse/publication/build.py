"""What the build was made from, remembered in the warehouse, so that a run can tell what it has to make again.

The memory goes before anything of the build is touched, and comes back when all of it was made and every test passed.
So a run that ended in between, however it ended, leaves no memory, and the next one makes everything.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from warehouse.raw_tables import LOADED_AT, RAW_TABLES

BUILD_TABLE = """
create schema if not exists control;
-- One row, or none while the build is being made.
create table if not exists control.finished_build (
    is_only boolean primary key default true check (is_only),
    project text not null,
    raw_tables jsonb not null,
    finished_at timestamptz not null
);
-- Stays while a build is being made: what made the rows that incremental tables keep.
create table if not exists control.built_project (
    is_only boolean primary key default true check (is_only),
    project text not null
);
"""


@dataclass(frozen=True)
class BuildInputs:
    """All that decides what the tables of a build hold.

    `project` is a hash of what makes them. `raw_tables` names for each raw table the load that changed it last.
    """

    project: str
    raw_tables: dict[str, str | None]


def changed_raw_tables(inputs: BuildInputs, before: BuildInputs | None) -> list[str]:
    """The raw tables whose rows are not those an earlier build was made from: all when another project made it."""
    if before is None or before.project != inputs.project:
        return list(inputs.raw_tables)
    seen = before.raw_tables
    return [name for name, changed_at in inputs.raw_tables.items() if name not in seen or seen[name] != changed_at]


def made_through(inputs: BuildInputs, before: BuildInputs | None) -> datetime | None:
    """The load through which all tables of an earlier build hold what was loaded, if the same project made it.

    No load goes on under its time once another one began, so what comes later carries a later one.
    """
    if before is None or before.project != inputs.project:
        return None
    return max((datetime.fromisoformat(loaded) for loaded in before.raw_tables.values() if loaded), default=None)


def read_inputs(connection: psycopg.Connection[DictRow], project: str) -> BuildInputs:
    """What a build that begins now would be made from."""
    changed = {}
    for table in RAW_TABLES:
        statement = sql.SQL("select max({})::text as changed_at from {}").format(
            sql.Identifier(LOADED_AT), table.identifier
        )
        row = connection.execute(statement).fetchone()
        changed[table.full_name] = row["changed_at"] if row else None
    return BuildInputs(project, changed)


def read_finished_build(
    connection: psycopg.Connection[DictRow], tables: Collection[Sequence[str]]
) -> BuildInputs | None:
    """What the build was made from, if it was finished and all of these tables (schema, name) are there."""
    connection.execute(BUILD_TABLE)
    found = connection.execute("select project, raw_tables from control.finished_build").fetchone()
    if found is None or not all(_is_there(connection, schema, name) for schema, name in tables):
        return None
    return BuildInputs(found["project"], found["raw_tables"])


def is_built_by(connection: psycopg.Connection[DictRow], project: str) -> bool:
    """Whether every row of the tables was made by this project. Where not, incremental ones have to be made in full."""
    connection.execute(BUILD_TABLE)
    found = connection.execute("select project from control.built_project").fetchone()
    return found is not None and found["project"] == project


def _is_there(connection: psycopg.Connection[DictRow], schema: str, name: str) -> bool:
    row = connection.execute(
        "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null as is_there", [schema, name]
    ).fetchone()
    return bool(row and row["is_there"])


def forget_finished_build(connection: psycopg.Connection[DictRow]) -> None:
    """Say that the build is being changed, in the caller's transaction."""
    connection.execute(BUILD_TABLE)
    connection.execute("delete from control.finished_build")


def keep_finished_build(connection: psycopg.Connection[DictRow], inputs: BuildInputs) -> None:
    """Say that the build is whole and tested, and what it was made from, in the caller's transaction."""
    forget_finished_build(connection)
    connection.execute(
        "insert into control.finished_build (project, raw_tables, finished_at) values (%s, %s, clock_timestamp())",
        [inputs.project, Jsonb(inputs.raw_tables)],
    )
    connection.execute(
        "insert into control.built_project (project) values (%s)"
        " on conflict (is_only) do update set project = excluded.project",
        [inputs.project],
    )
