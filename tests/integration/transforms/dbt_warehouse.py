"""A warehouse whose raw tables a test fills by hand, and whose marts dbt builds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventLevel, EventMsg
from psycopg import sql
from psycopg.types.json import Jsonb

from orchestration.transformation.environment import dbt_environment, environment_variables
from warehouse.databases import connect
from warehouse.raw_tables import LOADED_AT, RAW_TABLES
from warehouse.settings import PROJECT_ROOT

BUILT_SCHEMAS = ("staging", "intermediate", "features", "marts_build")
TECHNICAL_COLUMNS = ("_source_loaded_at", "_built_at")
FIRST_LOAD = datetime(2026, 3, 1, tzinfo=UTC)

Row = dict[str, Any]


def schema_of(table: str) -> str:
    """Where dbt builds a mart, or what the ranking reads."""
    return "features" if table.startswith("feat_") else "marts_build"


@dataclass
class DbtWarehouse:
    """Loads rows and runs dbt; every load is stamped later than the one before."""

    url: str
    data_path: Path
    load_count: int = 0
    warnings: list[str] = field(default_factory=list)
    manifest: Manifest | None = None

    def load(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """One load run: rows by raw table, upserted by key. Columns left out are null."""
        self.load_count += 1
        with connect(self.url) as connection:
            for name, table_rows in rows.items():
                for row in table_rows:
                    _upsert(connection, name, {**row, LOADED_AT: self.loaded_at})

    @property
    def loaded_at(self) -> datetime:
        """The stamp of the last load."""
        return FIRST_LOAD + timedelta(minutes=self.load_count)

    def dbt(self, *arguments: str) -> list[Any]:
        """Run one dbt command, which must succeed; the result of each node. Warnings are collected in `warnings`."""
        places = ["--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT / "transforms")]
        with environment_variables(dbt_environment(self.url, self.data_path)):
            if self.manifest is None:
                # Parsing takes longer than a run: the project is parsed once.
                parsed = self._invoke("parse", *places).result
                assert isinstance(parsed, Manifest)
                self.manifest = parsed
            return list(getattr(self._invoke(*arguments, *places).result, "results", ()))

    def rows(self, mart: str) -> list[Row]:
        """All rows of a mart, or of features, without the technical columns, in an order that depends on them alone."""
        with connect(self.url) as connection:
            found = connection.execute(
                sql.SQL("select * from {}").format(sql.Identifier(schema_of(mart), mart))
            ).fetchall()
        rows = [{name: value for name, value in row.items() if name not in TECHNICAL_COLUMNS} for row in found]
        return sorted(rows, key=lambda row: [str(value) for value in row.values()])

    def raw_rows(self) -> dict[str, list[Row]]:
        """All rows of all raw tables as they are now."""
        with connect(self.url) as connection:
            return {
                table.full_name: connection.execute(sql.SQL("select * from {}").format(table.identifier)).fetchall()
                for table in RAW_TABLES
            }

    def row(self, mart: str, **where: Any) -> Row:
        """The one row of a mart with these values."""
        found = [row for row in self.rows(mart) if where.items() <= row.items()]
        assert len(found) == 1, f"{mart} has {len(found)} rows with {where}"
        return found[0]

    def forget(self, *, tables: bool) -> None:
        """Empty the raw tables; drop all that dbt built, or empty its tables too."""
        with connect(self.url) as connection:
            for table in RAW_TABLES:
                connection.execute(sql.SQL("truncate {}").format(table.identifier))
            for schema in BUILT_SCHEMAS:
                if tables:
                    connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
                else:
                    _truncate_schema(connection, schema)

    def _invoke(self, *arguments: str) -> dbtRunnerResult:
        quiet = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--no-write-json")
        result = dbtRunner(manifest=self.manifest, callbacks=[self._notice]).invoke([*quiet, *arguments])
        assert result.success, "\n".join(_failures(result))
        return result

    def _notice(self, event: EventMsg) -> None:
        if event.info.level == EventLevel.WARN:
            self.warnings.append(str(event.info.msg))  # type: ignore[attr-defined]


def _upsert(connection: psycopg.Connection[Row], name: str, row: Row) -> None:
    table = next(table for table in RAW_TABLES if table.full_name == name)
    values = [Jsonb(value) if isinstance(value, dict) else value for value in row.values()]
    names = [sql.Identifier(column) for column in row]
    connection.execute(
        sql.SQL("insert into {} ({}) values ({}) on conflict ({}) do update set {}").format(
            table.identifier,
            sql.SQL(", ").join(names),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
            sql.SQL(", ").join(map(sql.Identifier, table.key)),
            sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(column) for column in names),
        ),
        values,
    )


def _truncate_schema(connection: psycopg.Connection[Row], schema: str) -> None:
    found = connection.execute("select tablename from pg_tables where schemaname = %s", [schema]).fetchall()
    for row in found:
        connection.execute(sql.SQL("truncate {}").format(sql.Identifier(schema, row["tablename"])))


def _failures(result: dbtRunnerResult) -> Iterator[str]:
    if result.exception is not None:
        yield str(result.exception)
    for item in getattr(result.result, "results", ()):
        if str(item.status) not in ("success", "pass", "no-op"):
            yield f"{item.node.name}: {item.status} {item.message}"
