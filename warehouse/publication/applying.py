"""Brings one published mart to the state of its build, by the rows that differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.days import MART_DAYS, count_of_days, day_of
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


@dataclass(frozen=True)
class _Changed:
    """How many rows were changed of each day, under None where the mart has none, and how many are new."""

    by_day: Mapping[date | None, int]
    added: int = 0

    @property
    def days(self) -> frozenset[date]:
        return frozenset(day for day in self.by_day if day is not None)

    @property
    def rows(self) -> int:
        return sum(self.by_day.values())


NOTHING = _Changed({})


def apply_build(
    connection: Connection, build: Table, published: Table | None, *, counts_all_rows: bool = True
) -> Applied:
    """Apply a build to its published mart, in the caller's transaction. Raises `PublicationRefused`.

    What was built since the last publication is brought over by its stamp. What went from the build, or from the mart,
    has none: then they have different numbers of rows, and the rows themselves are compared.
    """
    _check(build)
    mart = Table(PUBLISHED_SCHEMA, build.name, build.published_columns, build.key, build.comment)
    is_new = published is None or not is_alike(published, build)
    if is_new:
        _create(connection, build, mart)
        _forget_progress(connection, mart)
    since = built_through(connection, mart)
    written = _change(connection, _upsert(build, mart), mart, {"built_through": since})
    rows = None if counts_all_rows else _count_after(connection, build, mart, since, written)
    written_again = removed = NOTHING
    if rows is None:
        rows = _count(connection, build)
        if rows != _count(connection, mart):
            written_again, removed = _heal(connection, build, mart)
    _keep_progress(connection, build, mart, rows)
    return Applied(
        written.rows + written_again.rows,
        removed.rows,
        rows,
        is_new,
        written.days | written_again.days | removed.days,
    )


def _count_after(
    connection: Connection, build: Table, mart: Table, since: datetime | str, written: _Changed
) -> int | None:
    """The rows of a mart of which no run takes any away, by those it had and those that came.

    None when that can't be said: of another mart, when it is not known how many it had, when the whole table was built
    anew, or when the days on which rows were written have another number of them in the build.
    """
    days = MART_DAYS.get(mart.name)
    before = _row_count_before(connection, mart)
    if days is None or not days.only_grows or before is None or not _has_older_rows(connection, build, since):
        return None
    if written.days and len({_count(connection, table, written.days) for table in (build, mart)}) > 1:
        return None
    return before + written.added


def _row_count_before(connection: Connection, mart: Table) -> int | None:
    row = connection.execute("select row_count from control.published_marts where mart = %s", [mart.name]).fetchone()
    return row["row_count"] if row else None


def _has_older_rows(connection: Connection, build: Table, since: datetime | str) -> bool:
    """Whether some of the build was there when the mart was published before."""
    row = connection.execute(
        sql.SQL("select exists (select from {} where {} <= %s) as has_older").format(
            build.identifier, sql.Identifier(BUILT_AT)
        ),
        [since],
    ).fetchone()
    return bool(row and row["has_older"])


def _change(
    connection: Connection, statement: sql.Composed, mart: Table, parameters: Mapping[str, Any] | None = None
) -> _Changed:
    """Count the rows that a statement changes of a mart."""
    # No transaction has ever locked or replaced a row that was just inserted.
    counted = sql.SQL(
        "with changed as ({} returning {} as day, kept.xmax = 0 as is_added)"
        " select day, count(*) as rows, count(*) filter (where is_added) as added from changed group by day"
    ).format(statement, day_of(mart.name))
    found = connection.execute(counted, parameters).fetchall()
    return _Changed({row["day"]: row["rows"] for row in found}, sum(row["added"] for row in found))


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


def _heal(connection: Connection, build: Table, mart: Table) -> tuple[_Changed, _Changed]:
    """Remove what is gone and add what is missing; rows written and removed."""
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


def _count(connection: Connection, table: Table, days: frozenset[date] | None = None) -> int:
    """The rows of a table, or of some of its days."""
    count = sql.SQL("select count(*) as rows from {}").format(table.identifier)
    row = connection.execute(count if days is None else count_of_days(table, days)).fetchone()
    return int(row["rows"]) if row else 0


def built_through(connection: Connection, mart: Table) -> datetime | str:
    """When the newest row that was published of a mart had been built."""
    row = connection.execute(
        "select built_through from control.published_marts where mart = %s", [mart.name]
    ).fetchone()  # fmt: skip
    return row["built_through"] if row else "-infinity"


def _forget_progress(connection: Connection, mart: Table) -> None:
    connection.execute("delete from control.published_marts where mart = %s", [mart.name])


def _keep_progress(connection: Connection, build: Table, mart: Table, rows: int) -> None:
    connection.execute(
        sql.SQL(
            "insert into control.published_marts (mart, built_through, row_count)"
            " select %(mart)s, max({built_at}), %(rows)s from {build} having max({built_at}) is not null"
            " on conflict (mart) do update set"
            " built_through = excluded.built_through, row_count = excluded.row_count"
        ).format(built_at=sql.Identifier(BUILT_AT), build=build.identifier),
        {"mart": mart.name, "rows": rows},
    )
