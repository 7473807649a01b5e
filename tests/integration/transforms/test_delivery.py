"""However the load delivers a history, the marts end up as if all of it had been there from the start."""

import pytest

from tests.integration.transforms.dbt_warehouse import DbtWarehouse
from tests.integration.transforms.delivery import (
    KEYS,
    MARTS,
    Marts,
    build_at_once,
    build_bit_by_bit,
    every_other_schedule,
)
from warehouse.publication.days import MART_DAYS


@pytest.fixture(scope="module")
def expected(dbt_warehouse: DbtWarehouse) -> Marts:
    return build_at_once(dbt_warehouse)


class TestKeysOfDays:
    def test_say_the_day_or_are_followed_through_every_schedule(self, dbt_warehouse: DbtWarehouse) -> None:
        dbt_warehouse.dbt("parse")
        assert dbt_warehouse.manifest is not None
        keys = {node.name: node.config.get("unique_key") for node in dbt_warehouse.manifest.nodes.values()}
        assert {mart: keys[mart] for mart, days in MART_DAYS.items() if days.day not in keys[mart]} == KEYS


class TestDelivery:
    def test_history_has_what_could_go_wrong(self, expected: Marts) -> None:
        assert all(expected[mart] for mart in MARTS)
        assert any(row["is_purchased"] for row in expected["fct_impressions"])
        assert any(row["conversion_rate"] == 0 for row in expected["agg_prompts_performance_daily"])

    @pytest.mark.parametrize("seed", every_other_schedule(1))
    def test_any_schedule_of_loads_gives_the_marts_of_a_full_build(
        self, dbt_warehouse: DbtWarehouse, expected: Marts, seed: int
    ) -> None:
        dbt_warehouse.forget(tables=False)
        assert build_bit_by_bit(dbt_warehouse, seed) == expected
