"""One pipeline run inside this process, recorded where ops look for it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from dagster import AssetKey, DagsterInstance, EventLogEntry, JobDefinition

from orchestration.assets.ranks import RANK_PROMPTS
from orchestration.checks.events import EVENT_RECONCILIATIONS
from orchestration.checks.marts import RECONCILIATIONS
from orchestration.event_days import range_tags
from orchestration.home import prepare_dagster_home
from orchestration.jobs import backfill_events_job, build_marts_job
from orchestration.outcome import RunOutcome, read_outcome
from orchestration.quiet import build_quiet_job, load_if_quiet
from orchestration.standing import NEVER_RETRIED, NOTHING_NEW, table_keys
from warehouse.loading import prepare_warehouse
from warehouse.servers import running_servers
from warehouse.settings import Settings

# Dagster's own lines would mix with ours on the terminal; they are in the log file.
SILENT = {"console": {"config": {"log_level": "CRITICAL"}}}


@dataclass(frozen=True)
class StepProgress:
    """A step that began or, with `seconds` or `is_failed`, ended."""

    name: str
    is_failed: bool
    seconds: float | None


@dataclass(frozen=True)
class Plan:
    """What a run does. The tables that stand are not in it."""

    job: JobDefinition
    standing: Sequence[AssetKey] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def run_pipeline(
    settings: Settings,
    *,
    as_of: datetime | None = None,
    days: tuple[date, date] | None = None,
    on_progress: Callable[[StepProgress], None] | None = None,
    on_entry: Callable[[EventLogEntry], None] | None = None,
) -> RunOutcome:
    """Run the whole pipeline for `as_of` (default: the time of its load) and report what it did.

    With `days`, the first and the last of a range, days of the lake are loaded before anything else.

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
        plan = make_plan(settings) if days is None else make_backfill_plan(*days)
        result = plan.job.execute_in_process(
            run_config=run_configuration(as_of),
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            # Whoever typed the command sees how it ended; the daemon must not start it again behind their back.
            tags={**NEVER_RETRIED, **plan.tags},
        )
        return read_outcome(result, seconds=time.monotonic() - started, standing=plan.standing)


def make_plan(settings: Settings) -> Plan:
    """The whole pipeline, or what is left of it when nothing is new."""
    tables = table_keys(settings.data_path)
    with running_servers(settings) as servers:
        prepare_warehouse(servers.warehouse_url)
        if load_if_quiet(servers, tables):
            return Plan(build_quiet_job(tables), standing=tables, tags={NOTHING_NEW: "true"})
    # Imported late: this one imports dbt.
    from orchestration.definitions import definitions

    return Plan(definitions.resolve_job_def(build_marts_job.name))


def make_backfill_plan(first: date, last: date) -> Plan:
    """The whole pipeline after a range of days from the lake: one run."""
    from orchestration.definitions import definitions

    return Plan(definitions.resolve_job_def(backfill_events_job.name), tags=range_tags(first, last))


def run_configuration(as_of: datetime | None) -> dict[str, Any]:
    """Dagster's configuration of a run for `as_of`."""
    configuration: dict[str, Any] = {"loggers": SILENT}
    if as_of is not None:
        moment = as_of.astimezone(UTC).isoformat()
        configuration["ops"] = {RANK_PROMPTS.to_python_identifier(): {"config": {"as_of": moment}}}
    return configuration


# A step of a check is called after its table twice.
CHECK_NAMES = {
    f"{check.schema}__{check.table}_{check.name}": f"check {check.name}"
    for check in (*EVENT_RECONCILIATIONS, *RECONCILIATIONS)
}


def _tell(on_progress: Callable[[StepProgress], None], entry: EventLogEntry) -> None:
    event = entry.dagster_event
    if event is None or event.step_key is None:
        return
    name = CHECK_NAMES.get(event.step_key, event.step_key.replace("__", "."))
    if event.is_step_start:
        on_progress(StepProgress(name, is_failed=False, seconds=None))
    elif event.is_step_success:
        on_progress(StepProgress(name, is_failed=False, seconds=event.step_success_data.duration_ms / 1000))
    elif event.is_step_failure:
        on_progress(StepProgress(name, is_failed=True, seconds=None))
