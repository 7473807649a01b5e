"""A rolled-back application database, and files to import into it."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.warehouse.imports.rows import write_rows
from warehouse.databases import connect
from warehouse.imports import import_file

# Everything an import can write.
TABLES = ("organizations", "users", "prompts", "prompt_versions", "orders", "refunds", "raw_events", "quarantine",
          "prompt_statistics")  # fmt: skip


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection whose work is rolled back after the test."""
    with (
        connect(database_url, autocommit=True) as open_connection,
        open_connection.transaction(force_rollback=True),
    ):
        yield open_connection


@pytest.fixture
def run(connection, tmp_path):
    """Import rows, given as dicts, from a file written for it; the report, and what was refused by line."""

    def run_import(kind, rows, name=None, **options):
        path = write_rows(tmp_path / (name or f"{kind}.csv"), rows)
        refused = {}
        report = import_file(
            connection, kind, path, on_refused=lambda r: refused.update({r.record.line: r.reason}), **options
        )
        return report.to_dict(), refused

    return run_import


@pytest.fixture
def everything(connection):
    """Every row as it lies on its page: even a write of the same values would show."""

    def read_everything():
        return {
            table: connection.execute(f"select xmin::text, ctid::text, * from {table} order by ctid").fetchall()
            for table in TABLES
        }

    return read_everything
