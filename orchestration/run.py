"""One pipeline run inside this process, recorded where ops look for it."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from dagster import (
    AssetCheckSeverity,
    AssetKey,
    DagsterEvent,
    DagsterInstance,
    EventLogEntry,
    ExecuteInProcessResult,
    JsonMetadataValue,
    MetadataValue,
)

from orchestration.assets.publication import PUBLICATIONS
from orchestration.assets.ranks import RANK_PROMPTS
from orchestration.definitions import definitions
from orchestration.home import prepare_dagster_home
from orchestration.jobs import build_marts_job
from orchestration.transformation.events import FAILED_MODELS, FAILED_TESTS
from warehouse.raw_tables import RAW_TABLES
from warehouse.settings import Settings

# Dagster's own lines would mix with ours on the terminal; they are in the log file.
SILENT = {"console": {"config": {"log_level": "CRITICAL"}}}


@dataclass(frozen=True)
class StepProgress:
    """A step that began (`seconds` is None) or ended."""

    name: str
    is_failed: bool
    seconds: float | None


@dataclass(frozen=True)
class RunOutcome:
    """What a pipeline run did. Without success nothing was published by it, unless `publication_id` says so."""

    run_id: str
    is_successful: bool
    seconds: float
    failed_checks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    publication_id: str | None = None
    as_of: str | None = None
    loaded_rows: dict[str, int] = field(default_factory=dict)
    mart_rows: dict[str, int] = field(default_factory=dict)
    changed_mart_rows: dict[str, int] = field(default_factory=dict)


def run_pipeline(
    settings: Settings,
    *,
    as_of: datetime | None = None,
    on_progress: Callable[[StepProgress], None] | None = None,
    on_entry: Callable[[EventLogEntry], None] | None = None,
) -> RunOutcome:
    """Run the whole pipeline for `as_of` (default: the time of its load) and report what it did.

    `on_progress` is told of each step, `on_entry` of everything Dagster records. Failing steps and checks are in the
    outcome, not raised.
    """
    run_id = str(uuid4())
    started = time.monotonic()
    with DagsterInstance.from_config(str(prepare_dagster_home(settings.data_path))) as instance:
        if on_entry is not None:
            instance.add_event_listener(run_id, on_entry)
        if on_progress is not None:
            instance.add_event_listener(run_id, partial(_tell, on_progress))
        result = definitions.resolve_job_def(build_marts_job.name).execute_in_process(
            run_config=run_configuration(as_of), instance=instance, run_id=run_id, raise_on_error=False
        )
        return _outcome(result, run_id, time.monotonic() - started)


def run_configuration(as_of: datetime | None) -> dict[str, Any]:
    """Dagster's configuration of a run for `as_of`."""
    configuration: dict[str, Any] = {"loggers": SILENT}
    if as_of is not None:
        moment = as_of.astimezone(UTC).isoformat()
        configuration["ops"] = {RANK_PROMPTS.to_python_identifier(): {"config": {"as_of": moment}}}
    return configuration


def _tell(on_progress: Callable[[StepProgress], None], entry: EventLogEntry) -> None:
    event = entry.dagster_event
    if event is None or event.step_key is None:
        return
    if event.is_step_start:
        on_progress(StepProgress(event.step_key, is_failed=False, seconds=None))
    elif event.is_step_success:
        on_progress(StepProgress(event.step_key, is_failed=False, seconds=event.step_success_data.duration_ms / 1000))
    elif event.is_step_failure:
        on_progress(StepProgress(event.step_key, is_failed=True, seconds=0.0))


def _outcome(result: ExecuteInProcessResult, run_id: str, seconds: float) -> RunOutcome:
    materialized = _materialized(result)
    publication = materialized.get(PUBLICATIONS, {})
    return RunOutcome(
        run_id=run_id,
        is_successful=result.success,
        seconds=round(seconds, 1),
        failed_checks=failed_checks(result),
        failures=failures(result),
        publication_id=publication.get("publication_id"),
        as_of=publication.get("as_of"),
        loaded_rows={
            table.full_name: metadata["changed_rows"]
            for table in RAW_TABLES
            if (metadata := materialized.get(AssetKey([table.schema, table.name])))
        },
        mart_rows=publication.get("rows", {}),
        changed_mart_rows=publication.get("changed_rows", {}),
    )


def _materialized(result: ExecuteInProcessResult) -> dict[AssetKey, dict[str, Any]]:
    found = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        found[materialization.asset_key] = {name: _plain(value) for name, value in materialization.metadata.items()}
    return found


def _plain(value: MetadataValue[Any]) -> Any:
    return value.value


def failed_checks(result: ExecuteInProcessResult) -> list[str]:
    """The checks that failed, each as `schema.table: check`; a dbt test over several tables by its name alone."""
    failed = [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity == AssetCheckSeverity.ERROR
    ]
    of_tables = {evaluation.check_name for evaluation in failed}
    over_several = {name for event in result.all_events for name in _failed_tests(event) if name not in of_tables}
    return sorted(over_several | {f"{'.'.join(check.asset_key.path)}: {check.check_name}" for check in failed})


def failures(result: ExecuteInProcessResult) -> list[str]:
    """What went wrong besides checks: the cause of each failed step, or of the run itself, as a sentence."""
    found = [
        f"{event.step_key}: {_cause(event.step_failure_data.error)}"
        for event in result.all_events
        if event.is_step_failure and not _is_check_failure(event)
    ]
    if found or failed_checks(result):
        return found
    # Nothing a step did: the run could not begin, as when another one is at work.
    return [_cause(event.job_failure_data.error) for event in result.all_events if event.is_run_failure]


def _is_check_failure(event: DagsterEvent) -> bool:
    """Whether a step failed because of checks alone."""
    error = event.step_failure_data.error
    if error is not None and error.cls_name == "DagsterAssetCheckFailedError":
        return True
    return bool(_failed_tests(event)) and not _metadata(event, FAILED_MODELS)


def _failed_tests(event: DagsterEvent) -> list[str]:
    return _metadata(event, FAILED_TESTS) if event.is_step_failure else []


def _metadata(event: DagsterEvent, name: str) -> list[str]:
    user_failure = event.step_failure_data.user_failure_data
    value = user_failure.metadata.get(name) if user_failure else None
    return [str(item) for item in value.value or ()] if isinstance(value, JsonMetadataValue) else []


def _cause(error: Any) -> str:
    """The message of our own error; those of Dagster around it say where Dagster was."""
    while error is not None and error.cause is not None and error.cls_name.startswith("Dagster"):
        error = error.cause
    if error is None:
        return "ended without a reason"
    message = " ".join(str(error.message).split())
    return re.sub(rf"^[\w.]*{re.escape(error.cls_name)}: ", "", message)
