"""One history, delivered in as many ways as a load can: what the marts have to be, and what they become."""

import os
from typing import Any

import pytest

from orchestration.transformation.environment import environment_variables, made_environment
from tests.integration.transforms.dbt_warehouse import DbtWarehouse, Row
from tests.integration.transforms.duckdb_warehouse import DuckdbWarehouse
from tests.integration.transforms.random_history import deliver, random_history
from warehouse.publication.days import MART_DAYS

MARTS = (
    "dim_dates", "dim_organizations", "dim_organizations_history", "dim_prompts", "dim_prompts_history",
    "dim_prompt_versions",
    "fct_impressions", "fct_orders", "fct_refunds", "fct_order_payments", "fct_searches", "fct_sessions",
    "agg_prompts_performance_daily", "agg_sellers_performance_daily", "agg_categories_performance_daily",
    "agg_marketplace_daily", "agg_search_terms_daily", "agg_buyer_cohorts_monthly", "fct_reviews", "fct_prompt_runs",
)  # fmt: skip
FEATURES = "feat_prompts_daily"
# Of marts that are kept by day, those whose key does not name the day; the keys of the others do.
KEYS = {
    "fct_impressions": "impression_id", "fct_searches": "search_id", "fct_sessions": "session_id",
    "fct_prompt_runs": "run_id",
}  # fmt: skip
HISTORY_SEED = 20260302
# Each takes seconds: one of them in every run, the others in `make test-slow`.
SCHEDULES = int(os.environ.get("TRANSFORMS_SCHEDULES", "100"))

Marts = dict[str, list[Row]]


def every_other_schedule(first: int) -> list[Any]:
    """Seeds of schedules from the first on, which alone is not slow."""
    return [first, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(first + 2, SCHEDULES + 1, 2))]


def build_at_once(warehouse: DbtWarehouse | DuckdbWarehouse, command: str = "build") -> Marts:
    """The marts of the whole history, loaded at once and built in full; tested too where it is the command to build."""
    for delivery in deliver(random_history(HISTORY_SEED), seed=0, loads=1):
        warehouse.load(delivery)
    tests = ("--exclude-resource-type", "unit_test") if command == "build" else ()
    warehouse.dbt(command, "--full-refresh", *tests)
    return read_marts(warehouse)


def read_marts(warehouse: DbtWarehouse | DuckdbWarehouse) -> Marts:
    """All marts, and what the ranking reads: a day of which nothing is left is as if it were not there."""
    features = [row for row in warehouse.rows(FEATURES) if row["latest_at"] is not None]
    return {FEATURES: features, **{mart: warehouse.rows(mart) for mart in MARTS}}


def build_bit_by_bit(warehouse: DbtWarehouse | DuckdbWarehouse, seed: int) -> Marts:
    """The marts of the same history after a run for each of several loads, in none of which a row changed its day."""
    first, *later = deliver(random_history(HISTORY_SEED), seed=seed, loads=2 + seed % 3)
    warehouse.load(first)
    warehouse.dbt("run")
    days = days_of_keys(warehouse)
    for delivery in later:
        made = warehouse.loaded_at
        warehouse.load(delivery)
        # The views are there, and hold no rows of their own.
        with environment_variables(made_environment(made)):
            warehouse.dbt("run", "--exclude", "config.materialized:view")
        days |= days_of_keys(warehouse)
    assert len({key[:2] for key in days}) == len(days)
    return read_marts(warehouse)


def days_of_keys(warehouse: DbtWarehouse | DuckdbWarehouse) -> set[tuple[str, Any, Any]]:
    """The mart, the key and the day of each row of marts that are kept by day."""
    return {
        (mart, row[key], row[MART_DAYS[mart].day]) for mart, key in KEYS.items() for row in warehouse.rows(mart)
    }  # fmt: skip
