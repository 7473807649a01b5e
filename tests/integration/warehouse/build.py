"""Built marts written by hand: what dbt and the ranking leave for the publication."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.publication.ranks import BUILD_TABLES, write_ranks

AS_OF = datetime(2026, 3, 31, 6, tzinfo=UTC)
FIRST_RUN = datetime(2026, 4, 1, tzinfo=UTC)

TABLES = """
drop schema if exists marts, marts_build, control cascade;
create schema marts_build;
create table marts_build.fct_orders (
    order_id text, gross_amount numeric(18, 2), currency text, paid_at timestamptz, paid_date date, details jsonb,
    _source_loaded_at timestamptz, _built_at timestamptz
);
create unique index on marts_build.fct_orders (order_id);
create index on marts_build.fct_orders (paid_date);
create index on marts_build.fct_orders (_built_at);
comment on table marts_build.fct_orders is 'One row per order.';
comment on column marts_build.fct_orders.gross_amount is 'What the buyer''s card was charged.';
create table marts_build.agg_sellers_performance_daily (
    seller_organization_id text, performance_date date, currency text, order_count bigint,
    click_through_rate double precision,
    _source_loaded_at timestamptz, _built_at timestamptz,
    primary key (seller_organization_id, performance_date, currency)
);
create table marts_build.fct_searches (
    search_id text primary key, searched_at timestamptz, searched_date date not null, query text,
    _source_loaded_at timestamptz, _built_at timestamptz
);
"""

Connection = psycopg.Connection[DictRow]


def run_at(number: int) -> datetime:
    """When the dbt run of this number began."""
    return FIRST_RUN + timedelta(hours=number)


@contextmanager
def building(warehouse_url: str) -> Iterator[Connection]:
    """A connection that changes the build and commits at the end."""
    with connect(warehouse_url) as connection:
        yield connection


def create_build(warehouse_url: str) -> None:
    """Empty marts and ranks as before the first publication."""
    with building(warehouse_url) as connection:
        connection.execute(TABLES.encode())
        connection.execute(BUILD_TABLES)
        rank(connection)


def put_order(connection: Connection, order_id: str, *, gross: str = "10.00", run: int = 0) -> None:
    """One order as a dbt run builds it: replaced by its key."""
    connection.execute("delete from marts_build.fct_orders where order_id = %s", [order_id])
    connection.execute(
        "insert into marts_build.fct_orders values (%s, %s, 'GBP', %s, %s, '{\"name\": \"first\"}', %s, %s)",
        [order_id, gross, AS_OF, AS_OF.date(), run_at(run), run_at(run)],
    )


def put_seller_day(connection: Connection, seller: str, *, orders: int, run: int = 0) -> None:
    """One seller's day."""
    connection.execute(
        "delete from marts_build.agg_sellers_performance_daily where seller_organization_id = %s", [seller]
    )
    connection.execute(
        "insert into marts_build.agg_sellers_performance_daily values (%s, %s, 'GBP', %s, 0.5, %s, %s)",
        [seller, AS_OF.date(), orders, run_at(run), run_at(run)],
    )


def put_search(connection: Connection, search_id: str, day: date, *, query: str = "essay", run: int = 0) -> None:
    """One search at noon of a day."""
    connection.execute("delete from marts_build.fct_searches where search_id = %s", [search_id])
    connection.execute(
        "insert into marts_build.fct_searches values (%s, %s, %s, %s, %s, %s)",
        [search_id, datetime.combine(day, time(12, tzinfo=UTC)), day, query, run_at(run), run_at(run)],
    )


def rank(connection: Connection, prompt_ids: Sequence[str] = (), *, as_of: datetime = AS_OF) -> None:
    """The build's ranks: one list of these prompts, best first."""
    ranks = [
        {
            "surface": "top",
            "segment": "all",
            "rank": position,
            "prompt_id": prompt_id,
            "score": 1 / position,
            "contributions": [{"component": "demand", "contribution": 1 / position}],
            "policy_version": "baseline@1.0.0+0123456789ab",
        }
        for position, prompt_id in enumerate(prompt_ids, start=1)
    ]
    write_ranks(connection, ranks, as_of=as_of, policy_version="baseline@1.0.0+0123456789ab")


def read(warehouse_url: str, statement: str, *parameters: Any) -> list[DictRow]:
    """All rows of a query."""
    with connect(warehouse_url) as connection:
        return connection.execute(statement.encode(), parameters).fetchall()
