"""What a pipeline run did, gathered from what Dagster recorded of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dagster import (
    AssetCheckSeverity,
    AssetKey,
    DagsterEvent,
    ExecuteInProcessResult,
    JsonMetadataValue,
    MetadataValue,
)

from orchestration.assets.publication import PUBLICATIONS
from orchestration.event_days import DAYS_FROM_LAKE
from orchestration.metadata import FAILED_MODELS, FAILED_TESTS, KEPT
from warehouse.lake import DayLoaded
from warehouse.raw_tables import RAW_TABLES

INTERRUPTIONS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


@dataclass(frozen=True)
class RunOutcome:
    """What a pipeline run did. Without success nothing was published by it, unless `publication_id` says so.

    `kept_tables` are those of dbt that were not made again, because nothing they are made from had changed.
    """

    run_id: str
    is_successful: bool
    seconds: float
    failed_checks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    publication_id: str | None = None
    as_of: str | None = None
    loaded_rows: dict[str, int] = field(default_factory=dict)
    kept_tables: list[str] = field(default_factory=list)
    days_from_lake: list[DayLoaded] = field(default_factory=list)
    mart_rows: dict[str, int] = field(default_factory=dict)
    changed_mart_rows: dict[str, int] = field(default_factory=dict)


def read_outcome(result: ExecuteInProcessResult, *, seconds: float, standing: Sequence[AssetKey] = ()) -> RunOutcome:
    """The outcome of a run that has ended, without the tables that it let stand from the start.

    When there are some, it loaded no rows.
    """
    materialized = _materialized(result)
    publication = materialized.get(PUBLICATIONS, {})
    return RunOutcome(
        run_id=result.run_id,
        is_successful=result.success,
        seconds=round(seconds, 1),
        failed_checks=failed_checks(result),
        failures=failures(result),
        publication_id=publication.get("publication_id"),
        as_of=publication.get("as_of"),
        loaded_rows={table.full_name: 0 for table in RAW_TABLES} if standing else _loaded_rows(materialized),
        kept_tables=sorted(
            ".".join(key.path) for key in (*standing, *(key for key, found in materialized.items() if KEPT in found))
        ),
        days_from_lake=_days_from_lake(result),
        mart_rows=publication.get("rows", {}),
        changed_mart_rows=publication.get("changed_rows", {}),
    )


def _loaded_rows(materialized: Mapping[AssetKey, dict[str, Any]]) -> dict[str, int]:
    return {
        table.full_name: metadata["changed_rows"]
        for table in RAW_TABLES
        if (metadata := materialized.get(AssetKey([table.schema, table.name])))
    }


def _days_from_lake(result: ExecuteInProcessResult) -> list[DayLoaded]:
    """The days of a backfill that the lake has."""
    found = []
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        if materialization.asset_key == DAYS_FROM_LAKE and materialization.partition and materialization.metadata:
            counts = {name: _plain(value) for name, value in materialization.metadata.items()}
            found.append(DayLoaded(date.fromisoformat(materialization.partition), **counts))
    return found


def _materialized(result: ExecuteInProcessResult) -> dict[AssetKey, dict[str, Any]]:
    found = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        found[materialization.asset_key] = {name: _plain(value) for name, value in materialization.metadata.items()}
    return found


def _plain(value: MetadataValue[Any]) -> Any:
    return value.value


def failed_checks(result: ExecuteInProcessResult) -> list[str]:
    """The checks that failed, each as `schema.table: check`; dbt's tests of tables not chosen by their name."""
    failed = [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity == AssetCheckSeverity.ERROR
    ]
    of_tables = {evaluation.check_name for evaluation in failed}
    of_others = {name for event in result.all_events for name in failed_tests(event) if name not in of_tables}
    return sorted(of_others | {f"{'.'.join(check.asset_key.path)}: {check.check_name}" for check in failed})


def failures(result: ExecuteInProcessResult) -> list[str]:
    """What went wrong besides checks: the cause of each failed step, or of the run itself, as a sentence."""
    found = [
        f"{event.step_key}: {failure_cause(event.step_failure_data.error)}"
        for event in result.all_events
        if event.is_step_failure and not _is_check_failure(event)
    ]
    if found or failed_checks(result):
        return found
    # Nothing a step did: the run could not begin, as when another one is at work.
    return [failure_cause(event.job_failure_data.error) for event in result.all_events if event.is_run_failure]


def _is_check_failure(event: DagsterEvent) -> bool:
    """Whether a step failed because of checks alone."""
    error = event.step_failure_data.error
    if error is not None and error.cls_name == "DagsterAssetCheckFailedError":
        return True
    return bool(failed_tests(event)) and not _metadata(event, FAILED_MODELS)


def failed_tests(event: DagsterEvent) -> list[str]:
    """The tests of dbt that made a step fail."""
    return _metadata(event, FAILED_TESTS) if event.is_step_failure else []


def _metadata(event: DagsterEvent, name: str) -> list[str]:
    user_failure = event.step_failure_data.user_failure_data
    value = user_failure.metadata.get(name) if user_failure else None
    return [str(item) for item in value.value or ()] if isinstance(value, JsonMetadataValue) else []


def failure_cause(error: Any) -> str:
    """The message of our own error; those of Dagster around it say where Dagster was."""
    while error is not None and error.cause is not None and error.cls_name.startswith("Dagster"):
        error = error.cause
    if error is None:
        return "ended without a reason"
    if error.cls_name in INTERRUPTIONS:
        return "interrupted"
    message = " ".join(str(error.message).split())
    return re.sub(rf"^[\w.]*{re.escape(error.cls_name)}: ", "", message)
