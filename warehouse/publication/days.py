"""Which days of a mart a publication changed, of marts that grow with every event.

Whoever keeps a copy of such a mart writes the days anew that changed since, and leaves the others as they are. The day
of a row follows from its key, so a row never moves from one day to another: a mart of which that can't be said has no
place here (the delivery tests look for rows that moved).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.table import PUBLISHED_SCHEMA, Table

Connection = psycopg.Connection[DictRow]

DAY_CHANGES_TABLE = """
create schema if not exists control;
-- The publication in which each day of a mart changed last, also of a day that has no rows any more.
create table if not exists control.mart_day_changes (
    mart text not null,
    day date not null,
    publication_id text not null,
    primary key (mart, day)
);
"""


@dataclass(frozen=True)
class MartDays:
    """The column that says of which UTC day a row is, and the one with the moment, where the index is on that.

    Of a mart that `only_grows` no run takes a row away: each is of something that happened once.
    """

    day: str
    moment: str | None = None
    only_grows: bool = False


MART_DAYS: Mapping[str, MartDays] = {
    "agg_prompts_performance_daily": MartDays("performance_date"),
    "agg_search_terms_daily": MartDays("searched_date"),
    "fct_impressions": MartDays("served_date", "served_at", only_grows=True),
    "fct_prompt_runs": MartDays("ran_date", "ran_at", only_grows=True),
    "fct_searches": MartDays("searched_date", "searched_at", only_grows=True),
    "fct_sessions": MartDays("started_date", "started_at"),
}


def day_of(mart: str) -> sql.Composable:
    """The day of a row of a mart that is called `kept`; null of a mart that is not divided into days."""
    days = MART_DAYS.get(mart)
    return sql.Identifier("kept", days.day) if days else sql.SQL("null::date")


def is_of_days(mart: str, days: Collection[date]) -> sql.Composable:
    """SQL that is true for the rows of these days of a mart, and can use its index."""
    column, moment = MART_DAYS[mart].day, MART_DAYS[mart].moment
    condition = sql.SQL("{} = any(array[{}]::date[])").format(
        sql.Identifier(column), sql.SQL(", ").join(map(sql.Literal, sorted(days)))
    )
    if moment is None or not days:
        return condition
    ranges = sql.SQL(" or ").join(
        sql.SQL("{0} >= {1} and {0} < {2}").format(sql.Identifier(moment), *map(sql.Literal, bounds))
        for bounds in _stretches(days)
    )
    return sql.SQL("{} and ({})").format(condition, ranges)


def count_of_days(table: Table, days: Collection[date]) -> sql.Composed:
    """SQL for the number of rows that a mart, or its build, has of these days, by the index on the moment alone."""
    moment = MART_DAYS[table.name].moment
    assert moment is not None
    counts = sql.SQL(" union all ").join(
        sql.SQL("select count(*) as rows from {0} where {1} >= {2} and {1} < {3}").format(
            table.identifier, sql.Identifier(moment), *map(sql.Literal, bounds)
        )
        for bounds in _stretches(days)
    )
    return sql.SQL("select sum(rows)::bigint as rows from ({}) as counted").format(counts)


def _stretches(days: Iterable[date]) -> list[tuple[datetime, datetime]]:
    """Days that follow each other as one: its first moment, and the first one after it."""
    stretches: list[tuple[datetime, datetime]] = []
    for day in sorted(days):
        first = datetime.combine(day, time(tzinfo=UTC))
        if stretches and stretches[-1][1] == first:
            first = stretches.pop()[0]
        stretches.append((first, datetime.combine(day + timedelta(days=1), time(tzinfo=UTC))))
    return stretches


def keep_changed_days(connection: Connection, publication_id: str, mart: str, changed: Collection[date] | None) -> None:
    """Say which days of a mart this publication changed, in the caller's transaction; None for all there are.

    So it is as well where nothing is known of the mart yet. Nothing is said of a mart that is not divided into days.
    """
    if mart not in MART_DAYS:
        return
    connection.execute(DAY_CHANGES_TABLE)
    known = connection.execute("select from control.mart_day_changes where mart = %s limit 1", [mart]).fetchone()
    if changed is None or known is None:
        connection.execute("delete from control.mart_day_changes where mart = %s", [mart])
        connection.execute(
            sql.SQL(
                "insert into control.mart_day_changes (mart, day, publication_id) select distinct %s, {}, %s from {}"
            ).format(sql.Identifier(MART_DAYS[mart].day), sql.Identifier(PUBLISHED_SCHEMA, mart)),
            [mart, publication_id],
        )
        return
    put_day_changes(connection, mart, dict.fromkeys(changed, publication_id))


def put_day_changes(connection: Connection, mart: str, changed_in: Mapping[date, str]) -> None:
    """Say for days of a mart in which publication each changed last, in the caller's transaction."""
    connection.execute(
        "insert into control.mart_day_changes (mart, day, publication_id)"
        " select %s, * from unnest(%s::date[], %s::text[])"
        " on conflict (mart, day) do update set publication_id = excluded.publication_id",
        [mart, list(changed_in), list(changed_in.values())],
    )


def read_day_changes(connection: Connection) -> dict[str, dict[str, str]]:
    """For each mart that is divided into days, for each day (ISO 8601) the publication that changed it last."""
    if not _is_there(connection):
        return {}
    changed_in: dict[str, dict[str, str]] = {}
    for row in connection.execute("select mart, day, publication_id from control.mart_day_changes order by mart, day"):
        changed_in.setdefault(row["mart"], {})[row["day"].isoformat()] = row["publication_id"]
    return changed_in


def forget_day_changes(connection: Connection, marts: Collection[str] | None = None) -> None:
    """From now on no copy of any day of these marts (default: of all) holds, in the caller's transaction."""
    if _is_there(connection):
        connection.execute(
            "delete from control.mart_day_changes where %(marts)s::text[] is null or mart = any(%(marts)s)",
            {"marts": None if marts is None else list(marts)},
        )


def _is_there(connection: Connection) -> bool:
    found = connection.execute("select to_regclass('control.mart_day_changes') is not null as is_there").fetchone()
    return bool(found and found["is_there"])
