"""Tables as the catalogue of Postgres describes them: columns, types, keys and comments."""

from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

BUILD_SCHEMA = "marts_build"
PUBLISHED_SCHEMA = "marts"
BUILT_AT = "_built_at"
# They tell what a build has to look at again; a reader has no use for them.
TECHNICAL_COLUMNS = ("_source_loaded_at", BUILT_AT)

# dbt's own tables are named after the model; one that was killed leaves them behind.
DBT_LEFT_OVERS = r"%\_\_dbt\_%"


@dataclass(frozen=True)
class Column:
    """A column: its name, its type as Postgres writes it, and what it is about."""

    name: str
    type: str
    comment: str | None = None


@dataclass(frozen=True)
class Table:
    """A table of one schema with its key: the primary key or, without one, its first unique index."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    comment: str | None = None

    @property
    def identifier(self) -> sql.Identifier:
        """Name with schema, quoted for SQL."""
        return sql.Identifier(self.schema, self.name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def published_columns(self) -> tuple[Column, ...]:
        """The columns without the technical ones."""
        return tuple(column for column in self.columns if column.name not in TECHNICAL_COLUMNS)


def read_tables(connection: psycopg.Connection[DictRow], schema: str) -> list[Table]:
    """The tables of a schema by name, without what dbt left behind."""
    found = connection.execute(
        """
        select
            tables.oid::bigint as oid,
            tables.relname as name,
            obj_description(tables.oid, 'pg_class') as comment,
            coalesce(
                (
                    select array_agg(attributes.attname::text order by positions.ordinality)
                    from pg_index as indexes
                    cross join unnest(indexes.indkey::int2[]) with ordinality as positions (attnum, ordinality)
                    inner join pg_attribute as attributes
                        on attributes.attrelid = indexes.indrelid and attributes.attnum = positions.attnum
                    where indexes.indrelid = tables.oid
                        and indexes.indisunique and indexes.indpred is null and indexes.indexprs is null
                    group by indexes.indexrelid, indexes.indisprimary
                    order by indexes.indisprimary desc, indexes.indexrelid
                    limit 1
                ),
                '{}'
            ) as key
        from pg_class as tables
        inner join pg_namespace as schemas on tables.relnamespace = schemas.oid
        where schemas.nspname = %(schema)s and tables.relkind = 'r' and tables.relname not like %(left_overs)s
        order by tables.relname
        """,
        {"schema": schema, "left_overs": DBT_LEFT_OVERS},
    ).fetchall()
    columns = _read_columns(connection, [row["oid"] for row in found])
    return [
        Table(schema, row["name"], tuple(columns[row["oid"]]), tuple(row["key"]), row["comment"])
        for row in found
    ]  # fmt: skip


def _read_columns(connection: psycopg.Connection[DictRow], tables: list[int]) -> dict[int, list[Column]]:
    columns: dict[int, list[Column]] = {table: [] for table in tables}
    rows = connection.execute(
        """
        select
            attrelid::bigint as oid,
            attname as name,
            format_type(atttypid, atttypmod) as type,
            col_description(attrelid, attnum) as comment
        from pg_attribute
        where attrelid = any(%s::oid[]) and attnum > 0 and not attisdropped
        order by attrelid, attnum
        """,
        [tables],
    )
    for row in rows:
        columns[row["oid"]].append(Column(row["name"], row["type"], row["comment"]))
    return columns
