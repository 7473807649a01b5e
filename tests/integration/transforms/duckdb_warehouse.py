"""A DuckDB file whose raw tables a test fills by hand, and whose marts dbt builds on what it built before."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from orchestration.transformation.environment import duckdb_environment, environment_variables
from orchestration.transformation.invocation import DUCKDB, PROFILES_DIRECTORY, QUIET
from tests.integration.transforms.dbt_warehouse import FIRST_LOAD, TECHNICAL_COLUMNS, Row, schema_of
from warehouse.raw_tables import LOADED_AT, RAW_TABLES, RawTable
from warehouse.settings import PROJECT_ROOT

MEMORY_LIMIT_MB = 1000
TYPES = {"jsonb": "varchar", "float8": "double", "text": "varchar"}
TABLES = {table.full_name: table for table in RAW_TABLES}


@dataclass
class DuckdbWarehouse:
    """Loads rows and runs dbt as `DbtWarehouse` does; the product itself builds on DuckDB in full only."""

    file: Path
    load_count: int = 0
    manifest: Manifest | None = None

    def load(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """One load run: rows by raw table, replaced by key. Columns left out are null."""
        self.load_count += 1
        with duckdb.connect(str(self.file)) as database:
            database.execute("set timezone = 'UTC'")
            for table in RAW_TABLES:
                _create(database, table)
            for name, table_rows in rows.items():
                for row in table_rows:
                    _replace(database, TABLES[name], {**row, LOADED_AT: self.loaded_at})

    @property
    def loaded_at(self) -> datetime:
        """The stamp of the last load."""
        return FIRST_LOAD + timedelta(minutes=self.load_count)

    def dbt(self, *arguments: str) -> None:
        """Run one dbt command, which must succeed."""
        places = ["--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT / PROFILES_DIRECTORY)]
        said = ["--target", DUCKDB, *QUIET, "--log-level-file", "none", "--no-write-json"]
        environment = duckdb_environment(self.file, self.file.parent, memory_limit_mb=MEMORY_LIMIT_MB)
        with environment_variables(environment):
            if self.manifest is None:
                parsed = dbtRunner().invoke(["parse", *places, *said]).result
                assert isinstance(parsed, Manifest)
                self.manifest = parsed
            try:
                result = dbtRunner(manifest=self.manifest).invoke([*arguments, *places, *said])
            finally:
                # dbt would keep the file open until the process ends.
                if DuckDBConnectionManager._ENV is not None:
                    DuckDBConnectionManager.env().close()
                    DuckDBConnectionManager.close_all_connections()
        nodes = getattr(result.result, "results", ())
        failed = [f"{node.node.name}: {node.message}" for node in nodes if str(node.status) in ("error", "fail")]
        assert result.success, failed or result.exception

    def rows(self, mart: str) -> list[Row]:
        """All rows of a mart, or of features, without the technical columns, in an order that depends on them alone."""
        with duckdb.connect(str(self.file), read_only=True) as database:
            database.execute("set timezone = 'UTC'")
            found = database.execute(
                f"select * exclude ({', '.join(TECHNICAL_COLUMNS)}) from {schema_of(mart)}.{mart}"  # nosec B608
            )
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return sorted(rows, key=lambda row: [str(value) for value in row.values()])

    def forget(self) -> None:
        """Empty the file."""
        self.file.unlink(missing_ok=True)


def _create(database: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    columns = ", ".join(f'"{column.name}" {TYPES.get(column.type, column.type)}' for column in table.columns)
    database.execute(f"create schema if not exists {table.schema}")
    database.execute(
        f"create table if not exists {table.full_name}"
        f" ({columns}, {LOADED_AT} timestamptz not null, primary key ({', '.join(table.key)}))"
    )


def _replace(database: duckdb.DuckDBPyConnection, table: RawTable, row: Row) -> None:
    values = [json.dumps(value) if isinstance(value, dict) else value for value in row.values()]
    places = ", ".join("?" * len(values))
    database.execute(f"insert or replace into {table.full_name} ({', '.join(row)}) values ({places})", values)  # nosec B608
