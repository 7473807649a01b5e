"""Records of runs that nobody looks at any more."""

from datetime import datetime

import psycopg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from psycopg.rows import DictRow

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
# Runs are deleted one by one; what is left of a long absence is deleted by the next days.
RUNS_AT_ONCE = 1000

# Dagster leaves them when it deletes a run. The last word on each check stays, however old it is.
FORGET_EVALUATIONS = """
    delete from dagster.asset_check_executions as old
    where old.run_id = any(%s)
        and exists (
            select from dagster.asset_check_executions as newer
            where newer.asset_key = old.asset_key and newer.check_name = old.check_name and newer.id > old.id
        )
"""


def forget_old_runs(instance: DagsterInstance, connection: psycopg.Connection[DictRow], *, before: datetime) -> int:
    """Delete what Dagster recorded of runs that were created before then and have ended; how many runs.

    Runs that made or tried to make an asset last stay, so that each asset goes on to say how it came to be.
    """
    last = _last_runs(instance)
    records = instance.get_run_records(
        RunsFilter(statuses=FINISHED, created_before=before), limit=RUNS_AT_ONCE + len(last), ascending=True
    )
    old = [record.dagster_run.run_id for record in records if record.dagster_run.run_id not in last][:RUNS_AT_ONCE]
    for run_id in old:
        instance.delete_run(run_id)
    connection.execute(FORGET_EVALUATIONS, [old])
    return len(old)


def _last_runs(instance: DagsterInstance) -> set[str]:
    found = set()
    for record in instance.get_asset_records():
        entry = record.asset_entry
        made = entry.last_materialization_record
        found |= {entry.last_run_id, made.run_id if made else None}
    return {run_id for run_id in found if run_id is not None}
