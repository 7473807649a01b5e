"""Marts written by hand: the tables readers rely on, and rows whose totals can be added up on paper."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from warehouse.databases import connect
from warehouse.tenancy.mart_protection import protect_marts

_MEASURES = """
    performance_date date not null,
    currency text not null,
    impression_count bigint not null,
    click_count bigint not null,
    view_count bigint not null,
    unique_viewer_count bigint not null,
    checkout_count bigint not null,
    order_count bigint not null,
    refund_count bigint not null,
    gross_revenue_amount numeric(18, 2) not null,
    refunded_amount numeric(18, 2) not null,
    net_revenue_amount numeric(18, 2) not null,
    click_through_rate double precision,
    conversion_rate double precision,
    _source_loaded_at timestamptz,
    _built_at timestamptz
"""

TABLES = f"""
create schema marts;
create table marts.publications (
    publication_id text primary key, as_of timestamptz not null, data_as_of timestamptz, status text not null,
    policy_version text,
    started_at timestamptz not null, finished_at timestamptz
);
create table marts.dim_prompts (
    prompt_id text not null, external_id text, title text not null, category text, seller_organization_id text not null,
    status text not null, price_amount numeric(18, 2), currency text, current_version bigint, published_at timestamptz,
    created_at timestamptz not null, valid_from timestamptz not null, valid_to timestamptz
);
create table marts.agg_prompts_performance_daily (prompt_id text not null, {_MEASURES});
create table marts.agg_sellers_performance_daily (seller_organization_id text not null, {_MEASURES});
create table marts.rank_prompts (
    surface text not null, segment text not null, rank bigint not null, prompt_id text not null,
    score double precision not null, contributions jsonb not null, policy_version text not null,
    publication_id text not null, as_of timestamptz not null
);
"""

POLICY_VERSION = "baseline@1.0.0+0123456789ab"
AS_OF = datetime(2026, 3, 31, 6, tzinfo=UTC)

Connection = psycopg.Connection[dict[str, Any]]


def create_marts(warehouse_url: str) -> None:
    """The empty tables, as before the first publication has rows."""
    with connect(warehouse_url) as connection:
        connection.execute("drop schema if exists marts cascade")
        for statement in TABLES.split(";\n"):
            if statement.strip():
                connection.execute(sql.SQL(statement))  # type: ignore[arg-type]
        protect_marts(connection)


def publish(
    connection: Connection, publication_id: str, *, as_of: datetime = AS_OF, data_as_of: datetime | None = None
) -> None:
    """Make a publication the current one; without `data_as_of` it is one of an earlier version."""
    connection.execute("update marts.publications set status = 'superseded'")
    row = {
        "publication_id": publication_id,
        "as_of": as_of,
        "data_as_of": data_as_of,
        "status": "current",
        "policy_version": POLICY_VERSION,
        "started_at": as_of,
        "finished_at": as_of,
    }
    insert(connection, "publications", row)


def add_prompt(connection: Connection, prompt_id: str, *, seller: str, title: str, **columns: Any) -> None:
    """A published prompt of a seller."""
    row = {
        "category": "writing",
        "status": "published",
        "price_amount": "9.50",
        "currency": "GBP",
        "current_version": 1,
        "published_at": AS_OF,
        "created_at": AS_OF,
        "valid_from": AS_OF,
        **columns,
    }
    insert(connection, "dim_prompts", {"prompt_id": prompt_id, "seller_organization_id": seller, "title": title, **row})


def measures(*, orders: int = 0, gross: str = "0", **columns: Any) -> dict[str, Any]:
    """The measures of a day; what is not named is nothing."""
    counts = dict.fromkeys(
        ("impression_count", "click_count", "view_count", "unique_viewer_count", "checkout_count", "refund_count"), 0
    )
    return {
        **counts,
        "order_count": orders,
        "gross_revenue_amount": gross,
        "refunded_amount": 0,
        "net_revenue_amount": gross,
        **columns,
    }


def add_prompt_day(connection: Connection, prompt_id: str, day: date, *, currency: str = "GBP", **columns: Any) -> None:
    """One row of agg_prompts_performance_daily."""
    key = {"prompt_id": prompt_id, "performance_date": day, "currency": currency}
    insert(connection, "agg_prompts_performance_daily", {**key, **measures(**columns)})


def add_seller_day(connection: Connection, seller: str, day: date, *, currency: str = "GBP", **columns: Any) -> None:
    """One row of agg_sellers_performance_daily."""
    key = {"seller_organization_id": seller, "performance_date": day, "currency": currency}
    insert(connection, "agg_sellers_performance_daily", {**key, **measures(**columns)})


def contribution(component: str, points: float) -> dict[str, Any]:
    """A component whose weight is 1."""
    return {
        "component": component,
        "value": points,
        "reference": 1.0,
        "signal": points,
        "weight": 1.0,
        "contribution": points,
    }


def add_rank(
    connection: Connection, prompt_id: str, rank: int, *, surface: str = "top", segment: str = "all", **parts: float
) -> None:
    """A place whose score is the sum of its named parts."""
    row = {
        "surface": surface,
        "segment": segment,
        "rank": rank,
        "prompt_id": prompt_id,
        "score": sum(parts.values()),
        "contributions": Jsonb([contribution(name, points) for name, points in parts.items()]),
        "policy_version": POLICY_VERSION,
        "publication_id": "p1",
        "as_of": AS_OF,
    }
    insert(connection, "rank_prompts", row)


def insert(connection: Connection, table: str, row: Mapping[str, Any]) -> None:
    """One row of a mart."""
    query = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier("marts", table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    connection.execute(query, list(row.values()))
