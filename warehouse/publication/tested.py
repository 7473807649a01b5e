"""How far the checks have looked: up to which rows everything was tested, and published as such.

A row that passed stays passed: whoever changes it writes it anew, with a newer stamp. So where history is long, a run
tests what came since, and whatever else is counted with it. The first run of each UTC day tests everything.
"""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.table import BUILT_AT

Connection = psycopg.Connection[DictRow]

TESTED_TABLE = """
create schema if not exists control;
-- One row, or none: then everything has to be tested.
create table if not exists control.tested_build (
    is_only boolean primary key default true check (is_only),
    loaded_through timestamptz not null,
    built_through timestamptz not null,
    run_started_at timestamptz not null
);
"""
BUILT_TABLES = """
select tables.schemaname as schema, tables.tablename as name
from pg_tables as tables
inner join information_schema.columns as columns
    on columns.table_schema = tables.schemaname and columns.table_name = tables.tablename
where tables.schemaname in ('intermediate', 'marts_build', 'features') and columns.column_name = %s
    and tables.tablename not like '%%\\_\\_dbt\\_%%'
"""
# As the planner knows it, without counting.
EVENT_COUNT = """
select coalesce(sum(greatest(reltuples, 0)), 0)::bigint as events
from pg_class where oid = to_regclass('raw_events.events')
"""


@dataclass(frozen=True)
class AlreadyTested:
    """Rows of raw tables loaded by `loaded_through` and rows built by `built_through` were tested and published."""

    loaded_through: datetime
    built_through: datetime


def read_tested(connection: Connection, *, in_full_up_to_events: int) -> AlreadyTested | None:
    """What a run need not test again; None when it has to test everything.

    So it is with no more than `in_full_up_to_events` events, and in the first run of each UTC day.
    """
    connection.execute(TESTED_TABLE)
    row = connection.execute(
        "select loaded_through, built_through from control.tested_build"
        " where (run_started_at at time zone 'UTC')::date = (now() at time zone 'UTC')::date"
    ).fetchone()
    counted = connection.execute(EVENT_COUNT).fetchone()
    if row is None or counted is None or counted["events"] <= in_full_up_to_events:
        return None
    return AlreadyTested(row["loaded_through"], row["built_through"])


def keep_tested(connection: Connection, *, run_started_at: datetime) -> None:
    """Say that all there is was tested by a run, in the caller's transaction, if all of it was built."""
    connection.execute(TESTED_TABLE)
    found = connection.execute(
        "select to_regclass('control.finished_build') is not null"
        " and to_regclass('control.load_watermarks') is not null as is_there"
    ).fetchone()
    if not (found and found["is_there"]):
        return
    tables = connection.execute(BUILT_TABLES, [BUILT_AT]).fetchall()
    newest = sql.SQL(" union all ").join(
        sql.SQL("select max({}) as built_at from {}").format(
            sql.Identifier(BUILT_AT), sql.Identifier(table["schema"], table["name"])
        )
        for table in tables
    )
    if tables:
        connection.execute(
            sql.SQL(
                "insert into control.tested_build (loaded_through, built_through, run_started_at)"
                " select (select max(loaded_at) from control.load_watermarks), max(built_at), %s"
                " from ({}) as built"
                " where exists (select from control.finished_build)"
                "   and exists (select from control.load_watermarks)"
                " having max(built_at) is not null"
                " on conflict (is_only) do update set loaded_through = excluded.loaded_through,"
                " built_through = excluded.built_through, run_started_at = excluded.run_started_at"
            ).format(newest),
            [run_started_at],
        )


def forget_tested(connection: Connection) -> None:
    """Have everything tested again, in the caller's transaction."""
    connection.execute(TESTED_TABLE)
    connection.execute("delete from control.tested_build")
