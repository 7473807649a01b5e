"""Turns reconciliations into asset checks that stop a run."""

from collections.abc import Iterable
from typing import Any

from dagster import AssetCheckResult, AssetChecksDefinition, AssetKey, MetadataValue, asset_check

from orchestration.checks.reconciliation import Reconciliation, differences_statement
from orchestration.resources import PipelineResource


def build_checks(reconciliations: Iterable[Reconciliation]) -> list[AssetChecksDefinition]:
    """One blocking check per reconciliation: a difference keeps everything after it from running."""
    return [_build_check(reconciliation) for reconciliation in reconciliations]


def _build_check(reconciliation: Reconciliation) -> AssetChecksDefinition:
    @asset_check(
        asset=AssetKey([reconciliation.schema, reconciliation.table]),
        name=reconciliation.name,
        description=reconciliation.description,
        blocking=True,
    )
    def check(pipeline: PipelineResource) -> AssetCheckResult:
        return as_check_result(pipeline.query(differences_statement(reconciliation)))

    return check


def as_check_result(differences: list[dict[str, Any]]) -> AssetCheckResult:
    """Passed without differences; otherwise the first of them are shown beside the check."""
    shown = [{name: _plain(value) for name, value in row.items()} for row in differences]
    return AssetCheckResult(passed=not differences, metadata={"differences": MetadataValue.json(shown)})


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)
