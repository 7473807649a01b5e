"""However the load delivers a history, the marts end up as if all of it had been there from the start."""

import os

import pytest

from tests.integration.transforms.dbt_warehouse import DbtWarehouse, Row
from tests.integration.transforms.random_history import deliver, random_history

MARTS = (
    "dim_dates", "dim_organizations", "dim_prompts", "dim_prompt_versions",
    "fct_impressions", "fct_orders", "fct_refunds", "fct_searches",
    "fct_sessions",
    "agg_prompts_performance_daily", "agg_sellers_performance_daily", "agg_categories_performance_daily",
    "agg_marketplace_daily",
)  # fmt: skip
HISTORY_SEED = 20260302
# Each takes seconds: two of them in every run, all in `make test-slow`.
SCHEDULES = int(os.environ.get("TRANSFORMS_SCHEDULES", "100"))


@pytest.fixture(scope="module")
def expected(dbt_warehouse: DbtWarehouse) -> dict[str, list[Row]]:
    for delivery in deliver(random_history(HISTORY_SEED), seed=0, loads=1):
        dbt_warehouse.load(delivery)
    dbt_warehouse.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    return {mart: dbt_warehouse.rows(mart) for mart in MARTS}


class TestDelivery:
    def test_history_has_what_could_go_wrong(self, expected: dict[str, list[Row]]) -> None:
        assert all(expected[mart] for mart in MARTS)
        assert any(row["is_purchased"] for row in expected["fct_impressions"])
        assert any(row["conversion_rate"] == 0 for row in expected["agg_prompts_performance_daily"])

    @pytest.mark.parametrize(
        "seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, SCHEDULES + 1))]
    )
    def test_any_schedule_of_loads_gives_the_marts_of_a_full_build(
        self, dbt_warehouse: DbtWarehouse, expected: dict[str, list[Row]], seed: int
    ) -> None:
        # Every other schedule goes on with empty tables, the way a marketplace starts.
        dbt_warehouse.forget(tables=seed % 2 == 0)
        first, *later = deliver(random_history(HISTORY_SEED), seed=seed, loads=2 + seed % 3)
        dbt_warehouse.load(first)
        dbt_warehouse.dbt("run")
        for delivery in later:
            dbt_warehouse.load(delivery)
            # The views are there, and hold no rows of their own.
            dbt_warehouse.dbt("run", "--exclude", "config.materialized:view")
        assert {mart: dbt_warehouse.rows(mart) for mart in MARTS} == expected
