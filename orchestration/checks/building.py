"""Turns reconciliations into asset checks that stop a run."""

from collections.abc import Iterable
from typing import Any

import psycopg
from dagster import AssetCheckResult, AssetChecksDefinition, AssetKey, MetadataValue, asset_check
from psycopg.rows import DictRow

from orchestration.checks.reconciliation import Reconciliation, Scope, differences_statement, scope_statement
from orchestration.resources import PipelineResource
from warehouse.databases import connect
from warehouse.publication.tested import AlreadyTested


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
        scope = read_scope(pipeline, reconciliation)
        return as_check_result(pipeline.query(differences_statement(reconciliation, scope)))

    return check


def read_scope(pipeline: PipelineResource, reconciliation: Reconciliation) -> Scope:
    """What has to be compared; None for everything."""
    tested = pipeline.tested
    if tested is None:
        return None
    with connect(pipeline.warehouse_url) as connection:
        return read_scope_since(connection, reconciliation, tested)


def read_scope_since(
    connection: psycopg.Connection[DictRow], reconciliation: Reconciliation, tested: AlreadyTested
) -> Scope:
    """What has to be compared when all else was tested; None for everything."""
    if reconciliation.scope is None:
        return None
    statement = scope_statement(reconciliation.scope, tested)
    if reconciliation.expected_in_scope is not None:
        return statement
    found = connection.execute(statement.encode()).fetchall()
    return [value for row in found for value in row.values()]


def as_check_result(differences: list[dict[str, Any]]) -> AssetCheckResult:
    """Passed without differences; otherwise the first of them are shown beside the check."""
    shown = [{name: _plain(value) for name, value in row.items()} for row in differences]
    return AssetCheckResult(passed=not differences, metadata={"differences": MetadataValue.json(shown)})


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)
