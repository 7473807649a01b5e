"""Every table that dbt makes, with dbt's tests as checks."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dagster import AssetCheckResult, AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult
from dagster_dbt import dbt_assets

from orchestration.resources import PipelineResource
from orchestration.transformation.environment import dbt_environment
from orchestration.transformation.events import UNIQUE_ID, TableTranslator, as_dagster_events, raise_for_failures
from orchestration.transformation.invocation import invoke_dbt
from warehouse.publication import BUILD_SCHEMA

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
        results = invoke_dbt(
            [*BUILD, *selection(context)],
            environment=dbt_environment(pipeline.warehouse_url, pipeline.settings.data_path.resolve()),
        )
        yield from as_dagster_events(
            results,
            assets=[spec for spec in context.assets_def.specs if spec.key in context.selected_asset_keys],
            # dbt also runs tests of other tables that look at a selected one; of those Dagster expects no result.
            checks=[spec for spec in context.assets_def.check_specs if spec.key in context.selected_asset_check_keys],
        )
        raise_for_failures(results)

    return build


def selection(context: AssetExecutionContext) -> list[str]:
    """The arguments that tell dbt the selected assets; none when all are selected."""
    chosen = context.selected_asset_keys
    specs = list(context.assets_def.specs)
    if chosen >= {spec.key for spec in specs}:
        return []
    return ["--select", *sorted(str(spec.metadata[UNIQUE_ID]).split(".")[-1] for spec in specs if spec.key in chosen)]


def mart_keys(dbt_tables: AssetsDefinition) -> Sequence[AssetKey]:
    """The keys of the marts among dbt's tables."""
    return sorted(key for key in dbt_tables.keys if key.path[0] == BUILD_SCHEMA)
