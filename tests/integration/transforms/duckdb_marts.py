"""The marts that DuckDB builds from the raw tables of a test's warehouse."""

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from adbc_driver_postgresql import dbapi as adbc

from orchestration.transformation.duckdb_build import BUILD, build_in_duckdb
from orchestration.transformation.invocation import NodeResult
from orchestration.transformation.project import prepare_manifest
from tests.integration.transforms.dbt_warehouse import TECHNICAL_COLUMNS, DbtWarehouse, Row
from warehouse.engine import Sources, gather_sources

MEMORY_LIMIT_MB = 1000


@dataclass
class DuckdbMarts:
    """What one build made: the results of dbt, and a file with its tables."""

    directory: Path
    sources: Sources
    results: list[NodeResult] = field(default_factory=list)

    def rows(self, mart: str) -> list[Row]:
        """All rows of a mart as `DbtWarehouse.rows` gives them."""
        return read_rows(
            self.directory / "build.duckdb",
            f"select * exclude ({', '.join(TECHNICAL_COLUMNS)}) from marts_build.{mart}",  # nosec B608
        )


def read_rows(file: Path, query: str) -> list[Row]:
    """What a query finds in a file, in an order that depends on nothing but the rows."""
    with duckdb.connect(str(file), read_only=True) as database:
        database.execute("set timezone = 'UTC'")
        found = database.execute(query)
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def build_duckdb_marts(
    warehouse: DbtWarehouse, *, lake: Path | None = None, arguments: tuple[str, ...] = BUILD
) -> DuckdbMarts:
    """Build all marts from the rows the warehouse has now and the events of a lake."""
    directory = Path(tempfile.mkdtemp(dir=warehouse.data_path))
    database = directory / "build.duckdb"
    with adbc.connect(warehouse.url) as connection, connection.cursor() as reading:
        sources = gather_sources(reading, lake or directory / "no lake", directory / "sources", database)
    results = build_in_duckdb(database, warehouse.data_path, memory_limit_mb=MEMORY_LIMIT_MB, arguments=arguments)
    return DuckdbMarts(directory, sources, results)


def mart_names(data_path: Path) -> list[str]:
    """The name of every mart of the project, as its manifest tells them."""
    nodes = json.loads(prepare_manifest(data_path).read_bytes())["nodes"].values()
    return sorted(n["alias"] for n in nodes if n["resource_type"] == "model" and n["schema"] == "marts_build")
