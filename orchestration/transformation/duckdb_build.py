"""Builds and tests the dbt project on DuckDB, in a file that has the raw tables as views."""

from collections.abc import Sequence
from pathlib import Path

from orchestration.transformation.environment import duckdb_environment
from orchestration.transformation.invocation import DUCKDB, NodeResult, invoke_dbt

# dbt's unit tests look at the models' text, not at data: they belong to the tests of the project.
BUILD = ("build", "--exclude-resource-type", "unit_test", "--no-write-json")


def build_in_duckdb(
    database: Path, data_path: Path, *, memory_limit_mb: int, arguments: Sequence[str] = BUILD
) -> list[NodeResult]:
    """Run dbt on the file and let go of it; the result of each model and test. Raises `TransformationFailed`."""
    # Imported here as dbt is: it takes seconds.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = duckdb_environment(database, data_path, memory_limit_mb=memory_limit_mb)
    try:
        return invoke_dbt(arguments, environment=environment, target=DUCKDB)
    finally:
        # dbt would keep the file open until the process ends.
        if DuckDBConnectionManager._ENV is not None:
            DuckDBConnectionManager.env().close()
            DuckDBConnectionManager.close_all_connections()
