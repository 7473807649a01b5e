"""What dbt's results mean to Dagster: a table that was made, a check that passed or failed."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetSpec,
    Failure,
    MaterializeResult,
    MetadataValue,
)
from dagster_dbt import DagsterDbtTranslator

from orchestration.metadata import FAILED_MODELS, FAILED_TESTS, KEPT
from orchestration.owner import owners_of
from orchestration.transformation.invocation import NodeResult

UNIQUE_ID = "dagster_dbt/unique_id"
KEPT_TABLE = "Nothing it is made from changed since it was last made and tested, so it stands as it is"
KEPT_CHECK = "It passed when the table was last made, and nothing it looks at changed since"


class TableTranslator(DagsterDbtTranslator):
    """Names each asset after the table it makes: `[schema, table]`."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """The table's schema and name; a source is the raw table the load makes."""
        name = dbt_resource_props.get("identifier") or dbt_resource_props.get("alias") or dbt_resource_props["name"]
        return AssetKey([dbt_resource_props["schema"], name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Assets are grouped by schema."""
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """And owned by it."""
        return owners_of(self.get_asset_key(dbt_resource_props))


def as_dagster_events(
    results: Sequence[NodeResult], *, assets: Sequence[AssetSpec], checks: Sequence[AssetCheckSpec]
) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
    """A materialization for each table dbt made and a check result for each test that belongs to one of the assets."""
    asset_keys = {spec.metadata[UNIQUE_ID]: spec.key for spec in assets}
    check_specs = {spec.metadata[UNIQUE_ID]: spec for spec in checks if spec.metadata}
    for result in results:
        if result.unique_id in asset_keys and result.status == "success":
            yield MaterializeResult(asset_key=asset_keys[result.unique_id], metadata=_metadata(result))
    for result in results:
        spec = check_specs.get(result.unique_id)
        if spec is not None and result.status != "skipped":
            yield AssetCheckResult(
                asset_key=spec.asset_key,
                check_name=spec.name,
                passed=result.status == "pass",
                severity=AssetCheckSeverity.WARN if result.status == "warn" else AssetCheckSeverity.ERROR,
                metadata=_metadata(result),
            )


def events_of_kept(
    results: Sequence[NodeResult], *, assets: Sequence[AssetSpec], checks: Sequence[AssetCheckSpec]
) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
    """For each asset that dbt had no need to look at again a materialization, for each such check its pass, saying so.

    Only checks that block are known to have passed: those that warn keep the result of the run that made the table.
    None of the assets comes after a table that dbt made, and Dagster wants to hear of parents first: of these before
    those.
    """
    looked_at = {result.unique_id for result in results}
    kept = {spec.key: spec for spec in assets if spec.metadata[UNIQUE_ID] not in looked_at}
    parents = {key: {dep.asset_key for dep in spec.deps} for key, spec in kept.items()}
    for key in TopologicalSorter(parents).static_order():
        if key in kept:
            yield MaterializeResult(asset_key=key, metadata={"changed_rows": 0, KEPT: KEPT_TABLE})
    for check in checks:
        if check.blocking and check.metadata and check.metadata[UNIQUE_ID] not in looked_at:
            yield AssetCheckResult(
                asset_key=check.asset_key, check_name=check.name, passed=True, metadata={KEPT: KEPT_CHECK}
            )


def raise_for_failures(results: Sequence[NodeResult]) -> None:
    """Raise `Failure` naming every model and test that failed, known to Dagster as a check or not.

    Its metadata has the names alone: `failed_tests` and `failed_models`.
    """
    failed = [result for result in results if result.is_failed]
    if failed:
        named = "; ".join(_describe(result) for result in failed)
        tests = [result.name for result in failed if result.is_test]
        models = [result.name for result in failed if not result.is_test]
        raise Failure(
            f"{len(failed)} of dbt's models and tests failed: {named}",
            metadata={FAILED_TESTS: MetadataValue.json(tests), FAILED_MODELS: MetadataValue.json(models)},
            # The same rows would fail again.
            allow_retries=False,
        )


def _describe(result: NodeResult) -> str:
    if result.failure_count:
        return f"{result.name} found {result.failure_count} rows"
    return f"{result.name} ({result.message})" if result.message else result.name


def _metadata(result: NodeResult) -> dict[str, Any]:
    known = {
        "seconds": result.seconds,
        "changed_rows": result.changed_rows,
        "failing_rows": result.failure_count,
        "message": result.message or None,
    }
    return {name: value for name, value in known.items() if value is not None}
