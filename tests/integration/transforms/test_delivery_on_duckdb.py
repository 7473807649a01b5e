"""The same on the second engine: what the incremental branches of the models say doesn't depend on Postgres."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.transforms.delivery import Marts, build_at_once, build_bit_by_bit
from tests.integration.transforms.duckdb_warehouse import DuckdbWarehouse


@pytest.fixture(scope="module")
def duckdb_warehouse() -> Iterator[DuckdbWarehouse]:
    with tempfile.TemporaryDirectory() as directory:
        yield DuckdbWarehouse(Path(directory) / "build.duckdb")


@pytest.fixture(scope="module")
def expected(duckdb_warehouse: DuckdbWarehouse) -> Marts:
    return build_at_once(duckdb_warehouse, "run")


# The same branches are tried under all schedules on Postgres.
SCHEDULES = int(os.environ.get("TRANSFORMS_SCHEDULES_ON_DUCKDB", "20"))


@pytest.mark.slow
class TestDelivery:
    @pytest.mark.parametrize("seed", range(1, SCHEDULES + 1))
    def test_any_schedule_of_loads_gives_the_marts_of_a_full_build(
        self, duckdb_warehouse: DuckdbWarehouse, expected: Marts, seed: int
    ) -> None:
        duckdb_warehouse.forget()
        assert build_bit_by_bit(duckdb_warehouse, seed) == expected
