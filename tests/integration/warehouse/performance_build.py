"""A build with performance by prompt, beside the ranks that every publication needs."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from tests.integration.warehouse.build import Connection, building, rank, run_at
from warehouse.publication.ranks import BUILD_TABLES
from warehouse.publication.restating import MEASURES

DAY = date(2026, 3, 2)
KNOWN_UNTIL = datetime(2026, 3, 3, 6, tzinfo=UTC)

TABLES = """
drop schema if exists marts, marts_build, control cascade;
create schema marts_build;
create table marts_build.dim_prompts (
    prompt_id text primary key, seller_organization_id text, currency text, category text default 'writing',
    _source_loaded_at timestamptz, _built_at timestamptz
);
create table marts_build.fct_impressions (
    impression_id text primary key, prompt_id text, served_date date, is_counted boolean, clicked_at timestamptz,
    _source_loaded_at timestamptz, _built_at timestamptz
);
create table marts_build.agg_prompts_performance_daily (
    prompt_id text, performance_date date, currency text,
    impression_count bigint not null default 0, click_count bigint not null default 0,
    view_count bigint not null default 0, unique_viewer_count bigint not null default 0,
    checkout_count bigint not null default 0, order_count bigint not null default 0,
    refund_count bigint not null default 0, gross_revenue_amount numeric(18, 2) not null default 0,
    refunded_amount numeric(18, 2) not null default 0, net_revenue_amount numeric(18, 2) not null default 0,
    _source_loaded_at timestamptz, _built_at timestamptz,
    primary key (prompt_id, performance_date, currency)
);
"""
# What is told of a whole besides sums.
WHOLES = {
    "agg_sellers_performance_daily": ("seller_organization_id",),
    "agg_categories_performance_daily": ("category",),
    "agg_marketplace_daily": (),
}
WHOLE = """
create table marts_build.{mart} (
    {columns} performance_date date, currency text, view_count bigint not null default 0,
    unique_viewer_count bigint not null default 0, unique_buyer_count bigint not null default 0,
    active_seller_count bigint not null default 0, _source_loaded_at timestamptz, _built_at timestamptz,
    primary key ({key} performance_date, currency)
);
"""


def create_build(warehouse_url: str, *, known_until: datetime = KNOWN_UNTIL) -> None:
    """A build of two prompts without any traffic, made from what was loaded by a moment."""
    with building(warehouse_url) as connection:
        connection.execute(TABLES.encode())
        for mart, key in WHOLES.items():
            columns = "".join(f"{name} text, " for name in key)
            connection.execute(WHOLE.format(mart=mart, columns=columns, key="".join(f"{n}, " for n in key)).encode())
        connection.execute(BUILD_TABLES)
        put_prompt(connection, "essay")
        put_prompt(connection, "haiku")
        rank(connection, as_of=known_until)


def put_prompt(connection: Connection, prompt_id: str, *, currency: str = "GBP", run: int = 0) -> None:
    """A prompt of the company "sellers"."""
    connection.execute("delete from marts_build.dim_prompts where prompt_id = %s", [prompt_id])
    connection.execute(
        "insert into marts_build.dim_prompts values (%s, 'sellers', %s, 'writing', %s, %s)",
        [prompt_id, currency, run_at(run), run_at(run)],
    )


def put_click(connection: Connection, prompt_id: str, clicked_at: datetime, *, run: int = 0) -> None:
    """A click in a list of the day."""
    connection.execute(
        "insert into marts_build.fct_impressions values (%s, %s, %s, true, %s, %s, %s)",
        [f"{prompt_id} {clicked_at}", prompt_id, DAY, clicked_at, run_at(run), run_at(run)],
    )


def put_day(
    connection: Connection, prompt_id: str, figures: Mapping[str, Any], *, run: int = 0, **key: Any
) -> None:  # fmt: skip
    """One row of a prompt's day as a run builds it: replaced by its key."""
    columns = {"prompt_id": prompt_id, "performance_date": DAY, "currency": "GBP"} | key
    remove_day(connection, **columns)
    columns |= dict(figures) | {"_source_loaded_at": run_at(run), "_built_at": run_at(run)}
    assert set(figures) <= set(MEASURES)
    names = ", ".join(columns)
    places = ", ".join(["%s"] * len(columns))
    connection.execute(
        f"insert into marts_build.agg_prompts_performance_daily ({names}) values ({places})".encode(),
        list(columns.values()),
    )


def put_whole(connection: Connection, mart: str, figures: Mapping[str, Any], *, run: int = 0, **key: Any) -> None:
    """One day of a whole as a run builds it: replaced by its key."""
    key = {"performance_date": DAY, "currency": "GBP"} | key
    same = " and ".join(f"{name} = %s" for name in key)
    connection.execute(f"delete from marts_build.{mart} where {same}".encode(), list(key.values()))
    columns = key | dict(figures) | {"_source_loaded_at": run_at(run), "_built_at": run_at(run)}
    connection.execute(
        f"insert into marts_build.{mart} ({', '.join(columns)}) values ({', '.join(['%s'] * len(columns))})".encode(),
        list(columns.values()),
    )


def remove_day(connection: Connection, prompt_id: str, performance_date: date = DAY, currency: str = "GBP") -> None:
    """Take a row out of the build."""
    connection.execute(
        "delete from marts_build.agg_prompts_performance_daily"
        " where prompt_id = %s and performance_date = %s and currency = %s",
        [prompt_id, performance_date, currency],
    )
