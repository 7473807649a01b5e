"""Erases a person from the warehouse: by its events, which are computed anew, and by every column that names it.

The load notices no row that is gone and loads no day that left the application database, so this is done here. What
is blanked is stamped as loaded now; the transformations then compute anew whatever was made of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.erasure.person import ERASED, Person
from warehouse.erasure.rows import MENTIONING, THEIRS, event_parameters, event_statements
from warehouse.erasure.search import named_in
from warehouse.loading.watermark import keep_load_time, next_load_time
from warehouse.publication.build import forget_finished_build
from warehouse.publication.reading import forget_changes
from warehouse.publication.restating import ERASED_DAYS
from warehouse.publication.tested import forget_tested

Connection = psycopg.Connection[DictRow]
# Money keeps whose it is, by the tombstone.
MONEY_COLUMN = "buyer_user_id"

EVENTS = "raw_events.events"
STATEMENTS = event_statements(EVENTS, stamp=", _loaded_at = %(loaded_at)s")
# What is made of an event goes, and is made anew from what is left of it: a row of the same key would stay beside it.
NOTE_KEYS = f"""
create temporary table erased_keys on commit drop as
select source, event_id from {EVENTS} where {THEIRS.format(uuid="")} or {MENTIONING.format(uuid="")}
"""  # nosec B608
# A restatement of such a day says that somebody was erased.
NOTE_DAYS = f"""
insert into control.erased_days (prompt_id, performance_date)
select distinct prompt_id, (occurred_at at time zone 'UTC')::date
from {EVENTS} where (source, event_id) in (select source, event_id from erased_keys) and prompt_id is not null
on conflict do nothing
"""  # nosec B608
MADE_OF_EVENTS = ("intermediate", "marts_build")
REVIEWS = "marts_build.fct_reviews"
# Reviews leave with the person; the load notices no row that is gone.
FORGET_REVIEWS = f"""
delete from {REVIEWS} where review_id in (select review_id from raw_app.reviews where user_id = %(user_id)s)
"""  # nosec B608
# A table with this column has rows of what people wrote, counted by day: they go, and the day is counted anew.
MADE_OF_WORDS = "search_term"
# What is made of all events of a person or a device, and so names no single one: it goes, by these columns.
MADE_OF_PERSONS = ("person_id", "device_id")
# Others who were seen on a device of the person are seen on it again, without the person.
READ_AGAIN = f"""
update {EVENTS} set _loaded_at = %(loaded_at)s
where user_id is not null and (anonymous_id = any(%(anonymous_ids)s) or session_id = any(%(session_ids)s))
"""  # nosec B608


@dataclass(frozen=True)
class Column:
    """A column that may hold what names a person."""

    name: str
    is_json: bool
    is_nullable: bool


@dataclass(frozen=True)
class TextTable:
    """A table with its columns of text and JSON."""

    schema: str
    table: str
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """Name with schema, as people write it."""
        return f"{self.schema}.{self.table}"

    @property
    def identifier(self) -> sql.Identifier:
        """Name with schema, quoted for SQL."""
        return sql.Identifier(self.schema, self.table)

    @property
    def texts(self) -> list[sql.Composable]:
        """What may name somebody, as texts in SQL."""
        return [sql.SQL("{}::text").format(sql.Identifier(column.name)) for column in self.columns]

    @property
    def is_keyed_by_event(self) -> bool:
        """Whether a row says which event it was made of."""
        return {"source", "event_id"} <= {column.name for column in self.columns}

    @property
    def person_column(self) -> str | None:
        """The column that says whose a row is, or on which device it was, where that is all it says."""
        names = {column.name for column in self.columns}
        return next((name for name in MADE_OF_PERSONS if name in names), None)


def erase_warehouse(warehouse_url: str, people: Sequence[Person]) -> int:
    """Erase these people, after a load and before the transformations; how many rows changed."""
    if not people:
        return 0
    changed = 0
    with connect(warehouse_url) as connection:
        # What was remembered of the tables no longer holds: all are made again, and written to the snapshot anew.
        # A copied DuckDB file would keep what was deleted from it in blocks that nobody uses.
        forget_finished_build(connection)
        forget_tested(connection)
        forget_changes(connection)
        connection.execute(ERASED_DAYS)
        loaded_at = next_load_time(connection)
        tables = list(find_tables(connection))
        for person in people:
            changed += _erase_events(connection, person, tables, loaded_at)
        keep_load_time(connection, [EVENTS], loaded_at)
        for table in (table for table in tables if table.name != EVENTS):
            for person in named_in(connection, table.identifier, table.texts, people):
                changed += _blank_table(connection, table, event_parameters(person))
    return changed


def _erase_events(
    connection: Connection, person: Person, tables: Sequence[TextTable], loaded_at: datetime
) -> int:  # fmt: skip
    """Blank a person's events, delete what was made of them and of the person, and the user."""
    parameters = event_parameters(person) | {"loaded_at": loaded_at}
    connection.execute(NOTE_KEYS.encode(), parameters)
    connection.execute(NOTE_DAYS)
    for table in tables:
        if table.schema in MADE_OF_EVENTS and table.is_keyed_by_event:
            connection.execute(
                sql.SQL("delete from {} where (source, event_id) in (select source, event_id from erased_keys)").format(
                    table.identifier
                )
            )
        elif any(column.name == MADE_OF_WORDS for column in table.columns):
            connection.execute(
                sql.SQL("delete from {} where {} ~* %(text_pattern)s").format(
                    table.identifier, sql.Identifier(MADE_OF_WORDS)
                ),
                parameters,
            )
        elif table.schema in MADE_OF_EVENTS and table.person_column:
            connection.execute(
                sql.SQL("delete from {} where {} = any(%s)").format(
                    table.identifier, sql.Identifier(table.person_column)
                ),
                [person_names(person)],
            )
    connection.execute("drop table erased_keys")
    changed = sum(connection.execute(statement.encode(), parameters).rowcount for statement in STATEMENTS)
    connection.execute(READ_AGAIN.encode(), parameters)
    if any(table.name == REVIEWS for table in tables):
        connection.execute(FORGET_REVIEWS.encode(), parameters)
    changed += connection.execute("delete from raw_app.reviews where user_id = %(user_id)s", parameters).rowcount
    changed += connection.execute("delete from raw_app.users where user_id = %(user_id)s", parameters).rowcount
    return changed


def person_names(person: Person) -> list[str]:
    """What the transformations call the person: as a user, and by device before anybody had logged in there."""
    devices = [f"anonymous:{id_}" for id_ in person.anonymous_ids] + [f"session:{id_}" for id_ in person.session_ids]
    return [str(person.user_id), *devices]


def find_tables(connection: Connection) -> Iterator[TextTable]:
    """Every table of every schema with its columns of text and JSON, but for the load's own."""
    rows = connection.execute(
        """
        select schemas.nspname as schema, tables.relname as table_name,
            array_agg(columns.attname::text order by columns.attnum) as names,
            array_agg(columns.atttypid in ('json'::regtype, 'jsonb'::regtype) order by columns.attnum) as json,
            array_agg(
                not columns.attnotnull and not exists (
                    select from pg_index as indexes
                    where indexes.indrelid = tables.oid and columns.attnum = any(indexes.indkey::int2[])
                        and indexes.indisunique
                )
                order by columns.attnum
            ) as nullable
        from pg_class as tables
        inner join pg_namespace as schemas on tables.relnamespace = schemas.oid
        inner join pg_attribute as columns on columns.attrelid = tables.oid
        where tables.relkind = 'r' and left(schemas.nspname, 3) <> 'pg_'
            and schemas.nspname not in ('information_schema', 'control')
            and columns.attnum > 0 and not columns.attisdropped
            and columns.atttypid in (
                'text'::regtype, 'varchar'::regtype, 'json'::regtype, 'jsonb'::regtype
            )
        group by schemas.nspname, tables.relname
        order by schemas.nspname, tables.relname
        """
    ).fetchall()
    for row in rows:
        columns = (Column(*each) for each in zip(row["names"], row["json"], row["nullable"], strict=True))
        yield TextTable(row["schema"], row["table_name"], tuple(columns))


def _blank_table(connection: Connection, table: TextTable, parameters: dict[str, Any]) -> int:
    """Blank a person in a table in place."""
    assignments, conditions = [], []
    for column in table.columns:
        name = sql.Identifier(column.name)
        if column.is_json:
            assignment = sql.SQL("{0} = regexp_replace({0}::text, %(text_pattern)s, {1}, 'gi')::jsonb")
            assignments.append(assignment.format(name, sql.Literal(ERASED)))
        else:
            assignment = sql.SQL(
                "{0} = case when {0} = any(%(words)s) then {1}"
                " else regexp_replace({0}, %(text_pattern)s, {2}, 'gi') end"
            )
            assignments.append(assignment.format(name, _instead(column), sql.Literal(ERASED)))
        conditions.append(sql.SQL("{}::text ~* %(text_pattern)s").format(name))
    statement = sql.SQL("update {} set {} where {}").format(
        table.identifier, sql.SQL(", ").join(assignments), sql.SQL(" or ").join(conditions)
    )
    return connection.execute(statement, parameters).rowcount


def _instead(column: Column) -> sql.Composable:
    if column.name == MONEY_COLUMN:
        return sql.SQL("%(tombstone_id)s::text")
    return sql.NULL if column.is_nullable else sql.Literal(ERASED)
