"""One pipeline run at a time, whoever starts it: a lock in the warehouse that goes with the process that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from warehouse.databases import connect

PIPELINE_LOCK = 0x70_69_70_65
APPLICATION_NAME = "marketplace pipeline"
# A process that was killed a moment ago lets go of the lock when the server notices, which takes milliseconds.
WAIT_SECONDS = 5.0


class PipelineAlreadyRunning(Exception):
    """Another run holds the warehouse; the message says since when."""


@contextmanager
def hold_pipeline_lock(warehouse_url: str, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Be the only run on this warehouse while the block runs. Raises `PipelineAlreadyRunning`."""
    with connect(warehouse_url, autocommit=True) as connection:
        connection.execute("select set_config('application_name', %s, false)", [APPLICATION_NAME])
        connection.execute("select set_config('lock_timeout', %s, false)", [f"{int(wait_seconds * 1000)}ms"])
        try:
            connection.execute("select pg_advisory_lock(%s)", [PIPELINE_LOCK])
        except psycopg.errors.LockNotAvailable:
            raise PipelineAlreadyRunning(
                f"Another pipeline run is at work on this warehouse since {_holder_since(warehouse_url)}; "
                "start this one again when it has finished"
            ) from None
        try:
            yield
        finally:
            # By itself the server lets go a moment after the connection was closed. Where it is gone, so is the lock.
            with suppress(psycopg.Error):
                connection.execute("select pg_advisory_unlock(%s)", [PIPELINE_LOCK])


def is_pipeline_running(warehouse_url: str) -> bool:
    """Whether a run holds the warehouse right now."""
    return _holder_since(warehouse_url) is not None


def _holder_since(warehouse_url: str) -> str | None:
    with connect(warehouse_url, autocommit=True) as connection:
        row = connection.execute(
            """
            select to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI:SS "UTC"') as since
            from pg_locks as locks
            inner join pg_stat_activity as activity on locks.pid = activity.pid
            inner join pg_database as databases on locks.database = databases.oid
            where locks.locktype = 'advisory' and locks.granted
                and locks.classid = 0 and locks.objid = %s and locks.objsubid = 1
                and databases.datname = current_database()
            """,
            [PIPELINE_LOCK],
        ).fetchone()
    return row["since"] if row else None
