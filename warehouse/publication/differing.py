"""What a build has otherwise than readers see it, of days that were published as over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.applying import built_through, is_alike
from warehouse.publication.table import BUILD_SCHEMA, BUILT_AT, PUBLISHED_SCHEMA, Table

Connection = psycopg.Connection[DictRow]
Tables = Mapping[str, Table]

# Rows built since the last publication, with what is published in their place.
CHANGED = """
select {key}, {pairs}
from {build} as build
left join {mart} as kept on {is_same}
where build.{built_at} > %(built_through)s and build.performance_date < %(first_open_date)s
"""
VANISHED = """
union all
select {kept_key}, {kept_pairs}
from {mart} as kept
where kept.performance_date < %(first_open_date)s and not exists (select from {build} as build where {is_same})
"""


@dataclass(frozen=True)
class RestatedMart:
    """A mart of days: by what a row of it is known, and which of its columns are compared."""

    name: str
    key: tuple[str, ...]
    measures: tuple[str, ...]

    def is_comparable(self, builds: Tables, published: Tables) -> bool:
        """Whether readers see the mart, with all that is compared."""
        return self.name in builds.keys() & published.keys() and (
            {*self.key, *self.measures} <= {*published[self.name].column_names}
        )


def compare_days(
    connection: Connection, restated: RestatedMart, builds: Tables, published: Tables, previous: Mapping[str, Any]
) -> tuple[sql.Composed, dict[str, Any]]:
    """A query for the rows that may differ: the key, and each measure as `<name>_before` and `<name>_after`.

    Where there is no row it is 0. And its parameters: `previous`, which has the `first_open_date`, and `built_through`.
    """
    build, mart = builds[restated.name], published[restated.name]
    # A mart that gets another shape is written whole, so all of it is compared.
    since = built_through(connection, mart) if is_alike(mart, build) else "-infinity"
    parameters = {**previous, "built_through": since}
    names = _names(restated)
    query = sql.SQL(CHANGED).format(**names, key=_key(restated, "build"), pairs=_pairs(restated, "build.{0}"))
    if _has_vanished(connection, restated, parameters):
        query += sql.SQL(VANISHED).format(
            **names, kept_key=_key(restated, "kept"), kept_pairs=_pairs(restated, "0")
        )  # fmt: skip
    return query, parameters


def figures_of(measures: tuple[str, ...], kind: str) -> sql.Composed:
    """The rows of a `values` list: the name of each measure, its value before and after as a kind of number."""
    return sql.SQL(", ").join(
        sql.SQL("({}, {}::" + kind + ", {}::" + kind + ")").format(
            sql.Literal(name), sql.Identifier(f"{name}_before"), sql.Identifier(f"{name}_after")
        )
        for name in measures
    )


def _has_vanished(connection: Connection, restated: RestatedMart, parameters: Mapping[str, Any]) -> bool:
    """Whether published rows are gone from the build. Counted first: to look for them reads all of both."""
    row = connection.execute(
        sql.SQL(
            "select (select count(*) from {mart}) + ("
            " select count(*) from {build} as build where build.{built_at} > %(built_through)s"
            " and not exists (select from {mart} as kept where {is_same})"
            ") > (select count(*) from {build}) as has_vanished"
        ).format(**_names(restated)),
        parameters,
    ).fetchone()
    return bool(row and row["has_vanished"])


def _names(restated: RestatedMart) -> dict[str, sql.Composable]:
    return {
        "build": sql.Identifier(BUILD_SCHEMA, restated.name),
        "mart": sql.Identifier(PUBLISHED_SCHEMA, restated.name),
        "built_at": sql.Identifier(BUILT_AT),
        "is_same": sql.SQL(" and ").join(
            sql.SQL("build.{0} = kept.{0}").format(sql.Identifier(name)) for name in restated.key
        ),
    }


def _key(restated: RestatedMart, table: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in restated.key)


def _pairs(restated: RestatedMart, after: str) -> sql.Composed:
    """Each measure before and after; `after` says what is now, with {0} for the name."""
    return sql.SQL(", ").join(
        sql.SQL("coalesce(kept.{0}, 0) as {1}, " + after + " as {2}").format(
            sql.Identifier(name), sql.Identifier(f"{name}_before"), sql.Identifier(f"{name}_after")
        )
        for name in restated.measures
    )
