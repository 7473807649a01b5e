"""Brings one published mart to the state of its build, by the rows that differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.days import day_of
from warehouse.publication.errors import PublicationRefused
from warehouse.publication.table import BUILT_AT, PUBLISHED_SCHEMA, TECHNICAL_COLUMNS, Table

Connection = psycopg.Connection[DictRow]


@dataclass(frozen=True)
class Applied:
    """What a publication did to one mart. `changed_days` are empty where it is not divided into days."""

    written_rows: int
    removed_rows: int
    total_rows: int
    is_new: bool = False
    changed_days: frozenset[date] = frozenset()

    @property
    def is_changed(self) -> bool:
        """Whether readers see anything else than before."""
        return self.is_new or self.written_rows + self.removed_rows > 0


def apply_build(connection: Connection, build: Table, published: Table | None) -> Applied:
    """Apply a build to its published mart, in the caller's transaction. Raises `PublicationRefused`."""
    _check(build)
    mart = Table(PUBLISHED_SCHEMA, build.name, build.published_columns, build.key, build.comment)
    is_new = published is None or not is_alike(published, build)
    if is_new:
        _create(connection, build, mart)
        _forget_progress(connection, mart)
    since = built_through(connection, mart)
    written = _change(connection, _upsert(build, mart), mart, {"built_through": since})
    rows = _count(connection, build)
    written_again, removed = _heal(connection, build, mart) if rows != _count(connection, mart) else ({}, {})
    _keep_progress(connection, build, mart)
    changed_days = frozenset(day for day in written | written_again | removed if day is not None)
    return Applied(
        sum(written.values()) + sum(written_again.values()),
        sum(removed.values()),
        rows,
        is_new,
        changed_days,
    )


def _change(
    connection: Connection, statement: sql.Composed, mart: Table, parameters: Mapping[str, Any] | None = None
) -> dict[date | None, int]:
    """The rows that a statement changes of a mart, by their day; under None where it is not divided into days."""
    counted = sql.SQL(
        "with changed as ({} returning {} as day) select day, count(*) as rows from changed group by day"
    ).format(statement, day_of(mart.name))
    return {row["day"]: row["rows"] for row in connection.execute(counted, parameters)}


def _check(build: Table) -> None:
    """A mart can be applied by change only with a key and the time each row was built."""
    missing = [name for name in TECHNICAL_COLUMNS if name not in build.column_names]
    if missing:
        raise PublicationRefused(
            f"A mart can't be published without its technical columns; add {' and '.join(missing)} to the model "
            f"{build.schema}.{build.name}"
        )
    if not build.key:
        raise PublicationRefused(
            "A mart can't be published without a key; give the model "
            f"{build.schema}.{build.name} a unique index, and rebuild it in full if its table is older than the index"
        )


def is_alike(published: Table, build: Table) -> bool:
    """Whether the published mart has the columns and the key of its build."""
    shape = [(column.name, column.type) for column in build.published_columns]
    return published.key == build.key and [(column.name, column.type) for column in published.columns] == shape


def _create(connection: Connection, build: Table, mart: Table) -> None:
    """Create the published table like the build, with its keys, indexes and comments. Replaces one of another shape."""
    connection.execute(sql.SQL("drop table if exists {}").format(mart.identifier))
    connection.execute(
        sql.SQL("create table {} (like {} including comments including constraints including indexes)").format(
            mart.identifier, build.identifier
        )
    )
    drops = sql.SQL(", ").join(sql.SQL("drop column {}").format(sql.Identifier(name)) for name in TECHNICAL_COLUMNS)
    connection.execute(sql.SQL("alter table {} {}").format(mart.identifier, drops))
    _make_key_primary(connection, mart)
    if build.comment is not None:
        connection.execute(
            sql.SQL("comment on table {} is {}").format(mart.identifier, sql.Literal(build.comment))
        )  # fmt: skip


def _make_key_primary(connection: Connection, mart: Table) -> None:
    """Turn the unique index that came along into the primary key, unless there is one already."""
    index = connection.execute(
        """
        select index_names.relname as name
        from pg_index as indexes
        inner join pg_class as index_names on indexes.indexrelid = index_names.oid
        where indexes.indrelid = %s::regclass and indexes.indisunique and indexes.indpred is null
            and indexes.indexprs is null
        order by indexes.indisprimary desc, indexes.indexrelid
        limit 1
        """,
        [f"{mart.schema}.{mart.name}"],
    ).fetchone()
    assert index is not None
    name = sql.Identifier(index["name"])
    is_there = sql.SQL("select from pg_constraint where conrelid = {}::regclass and contype = 'p'").format(
        sql.Literal(f"{mart.schema}.{mart.name}")
    )
    if connection.execute(is_there).fetchone() is None:
        connection.execute(sql.SQL("alter table {} add primary key using index {}").format(mart.identifier, name))


def _names(columns: tuple[str, ...], *, of: str | None = None) -> sql.Composed:
    parts = [sql.Identifier(of, column) if of else sql.Identifier(column) for column in columns]
    return sql.SQL(", ").join(parts)


def _upsert(build: Table, mart: Table) -> sql.Composed:
    """Insert or update the rows built since the last publication. A row that is the same is left alone."""
    return sql.SQL(
        "insert into {mart} as kept ({columns}) select {columns} from {build}"
        " where {built_at} > %(built_through)s {merge}"
    ).format(
        mart=mart.identifier,
        columns=_names(mart.column_names),
        build=build.identifier,
        built_at=sql.Identifier(BUILT_AT),
        merge=_merge(mart),
    )


def _merge(mart: Table) -> sql.Composed:
    rest = tuple(name for name in mart.column_names if name not in mart.key)
    if not rest:
        return sql.SQL("on conflict ({}) do nothing").format(_names(mart.key))
    return sql.SQL(
        "on conflict ({key}) do update set {assignments} where ({kept}) is distinct from ({arriving})"
    ).format(
        key=_names(mart.key),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in rest),
        kept=_names(rest, of="kept"),
        arriving=_names(rest, of="excluded"),
    )


def _heal(connection: Connection, build: Table, mart: Table) -> tuple[dict[date | None, int], dict[date | None, int]]:
    """Remove what is gone and add what is missing; rows written and removed, by day."""
    is_same = sql.SQL(" and ").join(
        sql.SQL("build.{0} = kept.{0}").format(sql.Identifier(name)) for name in mart.key
    )  # fmt: skip
    parts = {"mart": mart.identifier, "build": build.identifier, "is_same": is_same}
    removed = _change(
        connection,
        sql.SQL("delete from {mart} as kept where not exists (select from {build} as build where {is_same})").format(
            **parts
        ),
        mart,
    )
    written = _change(
        connection,
        sql.SQL(
            "insert into {mart} as kept ({columns}) select {columns} from {build} as build"
            " where not exists (select from {mart} as kept where {is_same})"
        ).format(columns=_names(mart.column_names), **parts),
        mart,
    )
    return written, removed


def _count(connection: Connection, table: Table) -> int:
    row = connection.execute(sql.SQL("select count(*) as rows from {}").format(table.identifier)).fetchone()
    return int(row["rows"]) if row else 0


def built_through(connection: Connection, mart: Table) -> datetime | str:
    """When the newest row that was published of a mart had been built."""
    row = connection.execute(
        "select built_through from control.published_marts where mart = %s", [mart.name]
    ).fetchone()  # fmt: skip
    return row["built_through"] if row else "-infinity"


def _forget_progress(connection: Connection, mart: Table) -> None:
    connection.execute("delete from control.published_marts where mart = %s", [mart.name])


def _keep_progress(connection: Connection, build: Table, mart: Table) -> None:
    connection.execute(
        sql.SQL(
            "insert into control.published_marts (mart, built_through)"
            " select %(mart)s, max({built_at}) from {build} having max({built_at}) is not null"
            " on conflict (mart) do update set built_through = excluded.built_through"
        ).format(built_at=sql.Identifier(BUILT_AT), build=build.identifier),
        {"mart": mart.name},
    )
