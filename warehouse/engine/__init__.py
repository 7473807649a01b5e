"""The second engine: DuckDB builds the same marts from the lake, beside those the warehouse publishes."""

from warehouse.engine.comparing import MartComparison, RowDifference, compare_marts
from warehouse.engine.frozen import FrozenWarehouse, frozen
from warehouse.engine.place import (
    ENGINE_DIRECTORY,
    BuildAtWork,
    ErasedMeanwhile,
    erasure_mark,
    only_build,
    put_in_place,
    retire_result,
)
from warehouse.engine.result import write_result
from warehouse.engine.sources import Sources, gather_sources

__all__ = [
    "ENGINE_DIRECTORY", "BuildAtWork", "ErasedMeanwhile", "FrozenWarehouse", "MartComparison", "RowDifference",
    "Sources", "compare_marts", "erasure_mark", "frozen", "gather_sources", "only_build", "put_in_place",
    "retire_result", "write_result",
]  # fmt: skip
