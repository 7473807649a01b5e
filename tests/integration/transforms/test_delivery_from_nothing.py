"""The same where no table is there yet, the way a marketplace starts. A file of its own, so that both run at once."""

import pytest

from tests.integration.transforms.dbt_warehouse import DbtWarehouse
from tests.integration.transforms.delivery import Marts, build_at_once, build_bit_by_bit, every_other_schedule


@pytest.fixture(scope="module")
def expected(dbt_warehouse: DbtWarehouse) -> Marts:
    return build_at_once(dbt_warehouse)


@pytest.mark.slow
class TestDelivery:
    @pytest.mark.parametrize("seed", every_other_schedule(2))
    def test_any_schedule_of_loads_gives_the_marts_of_a_full_build(
        self, dbt_warehouse: DbtWarehouse, expected: Marts, seed: int
    ) -> None:
        dbt_warehouse.forget(tables=True)
        assert build_bit_by_bit(dbt_warehouse, seed) == expected
