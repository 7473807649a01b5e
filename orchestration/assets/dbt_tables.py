"""Every table that dbt makes, with dbt's tests as checks.

A run of all of them makes those that depend on a raw table that changed since the last finished build, and lets the
rest stand. When the project is another one, it makes all of them in full.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster import AssetCheckResult, AssetExecutionContext, AssetKey, AssetsDefinition, AssetSpec, MaterializeResult
from dagster_dbt import dbt_assets

from orchestration.resources import PipelineResource
from orchestration.transformation.environment import dbt_environment, made_environment, tested_environment
from orchestration.transformation.events import (
    UNIQUE_ID,
    TableTranslator,
    as_dagster_events,
    events_of_kept,
    raise_for_failures,
)
from orchestration.transformation.invocation import NodeResult, invoke_dbt
from orchestration.transformation.project import project_fingerprint
from warehouse.databases import connect
from warehouse.publication import BUILD_SCHEMA
from warehouse.publication.build import (
    BuildInputs,
    changed_raw_tables,
    forget_finished_build,
    is_built_by,
    keep_finished_build,
    made_through,
    read_finished_build,
    read_inputs,
)
from warehouse.publication.tested import read_tested
from warehouse.settings import PROJECT_ROOT

# dbt's unit tests look at the models' text, not at data: they belong to the tests of the project.
# The results are taken from memory; writing them and the manifest to files would take a second.
BUILD = ("build", "--exclude-resource-type", "unit_test", "--no-write-json")


def build_dbt_tables(manifest: Path) -> AssetsDefinition:
    """The assets of a parsed dbt project."""

    @dbt_assets(manifest=manifest, dagster_dbt_translator=TableTranslator(), name="build_dbt_tables")
    def build(
        context: AssetExecutionContext, pipeline: PipelineResource
    ) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
        """Build and test what was selected; failed tests stop all that comes after."""
        specs = [spec for spec in context.assets_def.specs if spec.key in context.selected_asset_keys]
        # dbt also runs tests of other tables that look at a selected one; of those Dagster expects no result.
        checks = [spec for spec in context.assets_def.check_specs if spec.key in context.selected_asset_check_keys]
        is_whole = len(specs) == len(context.assets_def.keys)
        inputs, before = read_build(pipeline, specs)
        if is_whole:
            changed = select_changed(inputs, before)
            results = run_dbt(pipeline, changed, project=inputs.project, made=made_through(inputs, before))
        else:
            results = run_dbt(pipeline, select_tables(specs))
        yield from events_of_kept(results, assets=specs, checks=checks)
        yield from as_dagster_events(results, assets=specs, checks=checks)
        raise_for_failures(results)
        if is_whole:
            with connect(pipeline.warehouse_url) as connection:
                keep_finished_build(connection, inputs)

    return build


def read_build(pipeline: PipelineResource, specs: Sequence[AssetSpec]) -> tuple[BuildInputs, BuildInputs | None]:
    """What the tables would be made from now, and what they were made from when all of them last were."""
    with connect(pipeline.warehouse_url) as connection:
        inputs = read_inputs(connection, project_fingerprint(PROJECT_ROOT))
        return inputs, read_finished_build(connection, [spec.key.path for spec in specs])


def select_changed(inputs: BuildInputs, before: BuildInputs | None) -> list[str]:
    """Everything that comes after a raw table that changed, as dbt calls it."""
    return [f"source:{name}+" for name in changed_raw_tables(inputs, before)]


def select_tables(specs: Sequence[AssetSpec]) -> list[str]:
    """These tables alone, as dbt calls them."""
    return sorted(str(spec.metadata[UNIQUE_ID]).split(".")[-1] for spec in specs)


def run_dbt(
    pipeline: PipelineResource,
    selected: Sequence[str],
    *,
    project: str | None = None,
    made: datetime | None = None,
) -> list[NodeResult]:
    """Build and test what is selected: nothing at all, and without starting dbt, when that is nothing.

    With `project`, rows that another one made are not kept: each table is made in full. `made` is the load through
    which all tables hold what was loaded.
    """
    if not selected:
        return []
    with connect(pipeline.warehouse_url) as connection:
        is_full = project is not None and not is_built_by(connection, project)
        forget_finished_build(connection)
        tested = read_tested(connection, in_full_up_to_events=pipeline.settings.checks_in_full_up_to_events)
    return invoke_dbt(
        [*BUILD, *(["--full-refresh"] if is_full else []), "--select", *selected],
        environment={
            **dbt_environment(pipeline.warehouse_url, pipeline.settings.data_path.resolve()),
            **tested_environment(None if is_full else tested),
            **made_environment(None if is_full else made),
        },
    )


def mart_keys(dbt_tables: AssetsDefinition) -> Sequence[AssetKey]:
    """The keys of the marts among dbt's tables."""
    return sorted(key for key in dbt_tables.keys if key.path[0] == BUILD_SCHEMA)
