"""Whether the tables that dbt makes can stand as they are, because nothing they are made from changed."""

from collections.abc import Sequence
from pathlib import Path

from dagster import AssetKey

from orchestration.transformation.project import prepare_manifest, project_fingerprint, read_tables
from warehouse.databases import connect
from warehouse.publication.build import changed_raw_tables, read_finished_build, read_inputs
from warehouse.settings import PROJECT_ROOT

# The tag of a run that has nothing to build.
NOTHING_NEW = "nothing_new"
# Of runs that Dagster's daemon must not start again.
NEVER_RETRIED = {"dagster/max_retries": "0"}


class TablesDoNotStand(Exception):
    """A run that was to let the tables stand found that another one had begun to make them anew."""


def table_keys(data_path: Path) -> list[AssetKey]:
    """Every table that dbt makes."""
    return [AssetKey([schema, name]) for schema, name in read_tables(prepare_manifest(data_path.resolve()))]


def is_build_finished(warehouse_url: str, tables: Sequence[AssetKey]) -> bool:
    """Whether all of these tables are there, tested, and made from the raw tables as they are now."""
    with connect(warehouse_url) as connection:
        inputs = read_inputs(connection, project_fingerprint(PROJECT_ROOT))
        before = read_finished_build(connection, [key.path for key in tables])
    return before is not None and not changed_raw_tables(inputs, before)
