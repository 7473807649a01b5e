"""A quiet run: nothing is new, so there is nothing to load, to transform and to test again.

What it does is what time alone changes: the ranks of the new moment, the checks, the publication and its snapshot. What
it lets stand is not in its plan, so that Dagster goes on to show when each table was really made and tested.
"""

from collections.abc import Sequence

import psycopg
import redis
from dagster import (
    AssetCheckKey,
    AssetKey,
    AssetSelection,
    Definitions,
    JobDefinition,
    define_asset_job,
    in_process_executor,
)

from orchestration.assets.publication import PUBLICATIONS, SNAPSHOT, build_publication, snapshot
from orchestration.assets.ranks import RANK_PROMPTS, rank_prompts
from orchestration.checks.arrival import event_batches_have_no_gap
from orchestration.checks.building import build_checks
from orchestration.checks.events import EVENT_RECONCILIATIONS
from orchestration.checks.marts import RECONCILIATIONS
from orchestration.checks.volume import VOLUME_KEYS, volumes_are_usual
from orchestration.jobs import build_marts_job
from orchestration.lock import PipelineAlreadyRunning, hold_pipeline_lock
from orchestration.resources import PipelineResource
from orchestration.standing import is_build_finished
from warehouse.databases import connect
from warehouse.erasure import read_open
from warehouse.journal.stream import STREAM
from warehouse.loading import load_nothing
from warehouse.loading.gaps import find_gaps
from warehouse.publication import BUILD_SCHEMA
from warehouse.servers import Servers

QUIET_ASSETS = (RANK_PROMPTS, PUBLICATIONS, SNAPSHOT)
RECONCILED = (*EVENT_RECONCILIATIONS, *RECONCILIATIONS)
QUIET_CHECKS = (
    *event_batches_have_no_gap.check_keys,
    *(AssetCheckKey(AssetKey([check.schema, check.table]), check.name) for check in RECONCILED),
    # That nothing came is what they are there to notice.
    *VOLUME_KEYS,
)
# Whoever has it runs the pipeline: then much is new.
LOCK_WAIT_SECONDS = 0.2


def load_if_quiet(servers: Servers, tables: Sequence[AssetKey]) -> bool:
    """Whether nothing is new and these tables stand; if so, the load is done, as one of no rows.

    Whatever else is wrong is for the whole run to find, which says it where ops look.
    """
    try:
        with hold_pipeline_lock(servers.warehouse_url, wait_seconds=LOCK_WAIT_SECONDS):
            return (
                is_build_finished(servers.warehouse_url, tables)
                and _nothing_waits(servers)
                and not find_gaps(servers.database_url, servers.warehouse_url)
                and load_nothing(servers.database_url, servers.warehouse_url) is not None
            )
    except (PipelineAlreadyRunning, psycopg.Error, redis.RedisError):
        return False


def _nothing_waits(servers: Servers) -> bool:
    """No event in the journal, nobody to erase."""
    with redis.Redis.from_url(servers.redis_url) as client:
        if client.xlen(STREAM):
            return False
    with connect(servers.database_url) as connection:
        return not read_open(connection)


def build_quiet_job(tables: Sequence[AssetKey]) -> JobDefinition:
    """The pipeline's job without what stands. Made without dbt, whose import takes longer than all of this job."""
    job = define_asset_job(
        build_marts_job.name,
        selection=AssetSelection.assets(*QUIET_ASSETS) | AssetSelection.checks(*QUIET_CHECKS),
        executor_def=in_process_executor,
        description="The pipeline when nothing is new: check, rank, publish, and the analysts' snapshot.",
    )
    definitions = Definitions(
        assets=[rank_prompts, build_publication([key for key in tables if key.path[0] == BUILD_SCHEMA]), snapshot],
        asset_checks=[event_batches_have_no_gap, volumes_are_usual, *build_checks(RECONCILED)],
        jobs=[job],
        resources={"pipeline": PipelineResource()},
    )
    return definitions.resolve_job_def(job.name)
