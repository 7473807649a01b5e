import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.transforms.dbt_warehouse import DbtWarehouse


@pytest.fixture(scope="module")
def dbt_warehouse(warehouse_url: str) -> Iterator[DbtWarehouse]:
    with tempfile.TemporaryDirectory() as directory:
        yield DbtWarehouse(warehouse_url, Path(directory))
