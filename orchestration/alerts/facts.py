"""Reads how things stand, from both databases, Redis and Dagster's records. What can't be read is said, not raised."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import redis
from dagster import AssetCheckSeverity, DagsterEventType, DagsterInstance, EventLogEntry, RunRecord, RunsFilter
from dagster._serdes import deserialize_value
from psycopg.rows import DictRow

from orchestration.alerts.rule import CheckResult, Facts, FinishedRun, Limits
from orchestration.home import prepare_dagster_home
from orchestration.jobs import archive_events_job, backfill_events_job, build_marts_job
from orchestration.outcome import failure_cause
from orchestration.retention import FINISHED
from warehouse.databases import connect, is_missing
from warehouse.event_measures import LEDGER, RECENT
from warehouse.journal.stream import STREAM
from warehouse.publication.reading import is_published
from warehouse.servers import Servers
from warehouse.settings import Settings, database_name

JOBS = (build_marts_job.name, archive_events_job.name, backfill_events_job.name)
# Checks nobody evaluated for longer are of models there were.
CHECKED_WITHIN_DAYS = 30
DETAIL_MAX_LENGTH = 300
# Where Postgres begins to quote what stood in a row.
QUOTED_ROWS = re.compile(r"\s*(?:DETAIL|CONTEXT|HINT):|Failing row")

LAST_EVALUATIONS = """
select distinct on (asset_key, check_name) asset_key, check_name, evaluation_event, evaluation_event_timestamp
from dagster.asset_check_executions
where execution_status in ('SUCCEEDED', 'FAILED') and evaluation_event is not null
    and create_timestamp > now() at time zone 'UTC' - make_interval(days => %s)
order by asset_key, check_name, id desc
"""
OWED = """
select
    count(*) filter (where given_up_at is not null) as given_up_count,
    min(created_at) filter (where given_up_at is null) as owed_since
from outbox
"""


def limits_of(settings: Settings) -> Limits:
    """The limits the settings give."""
    return Limits(
        freshness=timedelta(minutes=settings.alert_freshness_max_minutes),
        backlog=timedelta(minutes=settings.alert_backlog_max_minutes),
        quarantined_share=settings.event_quarantined_max_share,
    )


def read_facts(settings: Settings, servers: Servers, *, now: datetime | None = None) -> Facts:
    """How things stand."""
    unreadable: dict[str, str] = {}
    known: dict[str, Any] = {}
    places: dict[str, Callable[[], dict[str, Any]]] = {
        "warehouse": lambda: _read_warehouse(servers.warehouse_url),
        "database": lambda: _read_database(servers.database_url),
        "redis": lambda: _read_journal(servers.redis_url),
        "dagster": lambda: _read_records(settings, servers.warehouse_url),
    }
    postgres = {
        "warehouse": servers.warehouse_url, "database": servers.database_url, "dagster": servers.warehouse_url
    }  # fmt: skip
    for place, read in places.items():
        try:
            known |= read()
        except (psycopg.Error, redis.RedisError) as error:
            unreadable[place] = f"the {place} could not be read: {_reason(error, postgres.get(place))}"
    return Facts(now=now or datetime.now(UTC), unreadable=unreadable, **known)


def _reason(error: Exception, database_url: str | None) -> str:
    """Why a place can't be read: in the server's words, unless there is no such database."""
    if database_url is not None and is_missing(database_url):
        return f"there is no database {database_name(database_url)}; `manage.py db init` makes it"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _read_warehouse(url: str) -> dict[str, Any]:
    with connect(url) as connection:
        found: dict[str, Any] = {}
        if is_published(connection):
            row = connection.execute("select finished_at from marts.publications where status = 'current'").fetchone()
            found["published_at"] = row["finished_at"] if row else None
        if _is_there(connection, "control.load_watermarks"):
            row = connection.execute("select max(loaded_at) as loaded_at from control.load_watermarks").fetchone()
            found["loaded_at"] = row["loaded_at"] if row else None
        return found


def _read_database(url: str) -> dict[str, Any]:
    with connect(url) as connection:
        if not _is_there(connection, "outbox"):
            return {}
        counts = connection.execute(LEDGER.format(batches=RECENT[1]).encode()).fetchone()
        owed = connection.execute(OWED).fetchone()
    return {**(counts or {}), **(owed or {})}


def _read_journal(url: str) -> dict[str, Any]:
    with redis.Redis.from_url(url) as client:
        first: Any = client.xrange(STREAM, count=1)
    if not first:
        return {}
    # The id of an entry begins with the milliseconds of its arrival.
    milliseconds = int(bytes(first[0][0]).split(b"-")[0])
    return {"journal_since": datetime.fromtimestamp(milliseconds / 1000, UTC)}


def _read_records(settings: Settings, warehouse_url: str) -> dict[str, Any]:
    with connect(warehouse_url) as connection:
        if not _is_there(connection, "dagster.asset_check_executions"):
            return {}
        rows = connection.execute(LAST_EVALUATIONS, [CHECKED_WITHIN_DAYS]).fetchall()
    with DagsterInstance.from_config(str(prepare_dagster_home(settings.data_path))) as instance:
        runs = [run for job in JOBS if (run := _last_run(instance, job)) is not None]
        succeeded = instance.get_run_records(
            RunsFilter(job_name=build_marts_job.name, statuses=FINISHED[:1]), limit=1
        )  # fmt: skip
    began = succeeded[0].start_time if succeeded else None
    return {
        "checks": tuple(_check(row) for row in rows),
        "runs": tuple(runs),
        "succeeded_since": datetime.fromtimestamp(began, UTC) if began else None,
    }


def _check(row: DictRow) -> CheckResult:
    entry = deserialize_value(row["evaluation_event"], EventLogEntry)
    assert entry.dagster_event is not None
    evaluation = entry.dagster_event.asset_check_evaluation_data
    return CheckResult(
        asset=".".join(evaluation.asset_key.path),
        name=evaluation.check_name,
        is_passed=evaluation.passed,
        is_blocking=evaluation.severity == AssetCheckSeverity.ERROR,
        evaluated_at=datetime.fromtimestamp(entry.timestamp, UTC),
        detail="" if evaluation.passed else _detail(evaluation.metadata),
    )


def _detail(metadata: Any) -> str:
    """The beginning of what a check noted beside its result."""
    found = {name: getattr(value, "value", None) for name, value in metadata.items() if not name.startswith("dagster")}
    text = json.dumps({name: value for name, value in found.items() if value not in (None, [], {})}, default=str)
    return text if len(text) <= DETAIL_MAX_LENGTH else f"{text[:DETAIL_MAX_LENGTH]} ..."


def _last_run(instance: DagsterInstance, job: str) -> FinishedRun | None:
    records = instance.get_run_records(RunsFilter(job_name=job, statuses=FINISHED), limit=1)
    if not records:
        return None
    [record] = records
    is_failed = record.dagster_run.is_failure
    ended = record.end_time or record.update_timestamp.timestamp()
    causes = _causes(instance, record) if is_failed else ()
    return FinishedRun(job, record.dagster_run.run_id, is_failed, datetime.fromtimestamp(ended, UTC), causes)


def _causes(instance: DagsterInstance, record: RunRecord) -> tuple[str, ...]:
    """Why a run failed: what each step that failed says, or the run itself."""
    run_id = record.dagster_run.run_id
    entries = instance.all_logs(run_id, of_type={DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE})
    events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
    steps = [event for event in events if event.is_step_failure]
    if steps:
        return tuple(shorten_cause(f"{event.step_key}: {_cause_of_step(event)}") for event in steps)
    return tuple(shorten_cause(_cause_of_run(event)) for event in events)


def shorten_cause(cause: str) -> str:
    """What went wrong, without the rows that a database quotes below it: a message leaves the platform."""
    said = QUOTED_ROWS.split((cause.strip().splitlines() or [cause])[0])[0].rstrip()
    return said if len(said) <= DETAIL_MAX_LENGTH else f"{said[:DETAIL_MAX_LENGTH]} ..."


def _cause_of_step(event: Any) -> str:
    return failure_cause(event.step_failure_data.error)


def _cause_of_run(event: Any) -> str:
    """What kept a run from its first step, as another one at work; of a run that died what was noted of it."""
    error = event.job_failure_data.error
    return failure_cause(error) if error is not None else event.message or failure_cause(None)


def _is_there(connection: psycopg.Connection[DictRow], table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null as is_there", [table]).fetchone()
    return bool(row and row["is_there"])
