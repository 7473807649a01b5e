"""An import that is killed in the middle of a batch, and started again, leaves what one import leaves."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.warehouse.imports.rows import order, prompt, write_rows
from tests.waiting import wait_until
from warehouse.databases import connect
from warehouse.imports import import_file
from warehouse.imports.batch import BATCH_MAX_ROWS, BATCH_MAX_ROWS_TOGETHER, IMPORT_LOCK
from warehouse.settings import PROJECT_ROOT

ROWS = 2 * BATCH_MAX_ROWS + 500
BUSINESS = """
select orders.id, orders.external_id, prompt_id, buyer_user_id, buyer_organization_id, seller_organization_id,
    orders.amount_cents, orders.status, paid_at, refunds.id as refund_id, refunds.amount_cents as refunded_cents
from orders left join refunds on refunds.order_id = orders.id
order by orders.id
"""
QUARANTINED = "select kind, origin, raw, reason, detail from quarantine order by fingerprint"
EVENTS = "select (select count(*) from raw_events) as n, (select count(*) from event_ids) as known"
WAITING = "select count(*) as n from pg_locks where not granted and locktype = %s"


@pytest.fixture
def files(tmp_path):
    refund = {"refunded_at": "2026-02-01T00:00:00Z", "refunded_cents": "400"}
    rows = [
        order(
            f"o{number}",
            user_external_id=f"u{number % 70}",
            prompt_external_id="p9" if number % 500 == 0 else "p1",
            **(refund if number % 10 == 0 else {}),
        )
        for number in range(ROWS)
    ]
    return write_rows(tmp_path / "catalog.csv", [prompt()]), write_rows(tmp_path / "orders.csv", rows)


@pytest.fixture
def other_database_url(template_database):
    from uuid import uuid4

    from tests.conftest import copy_database
    from warehouse.databases import drop_database
    from warehouse.settings import with_database

    url = with_database(template_database, f"test_{uuid4().hex[:12]}")
    copy_database(template_database, url)
    yield url
    drop_database(url)


def start_import(kind, path, database_url, servers):
    environment = os.environ | {"DATABASE_URL": database_url, "REDIS_URL": servers.redis_url}
    command = [sys.executable, str(PROJECT_ROOT / "cli" / "manage.py"), "import", kind, str(path)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until_blocked(connection, process, locktype):
    wait_until(
        lambda: connection.execute(WAITING, [locktype]).fetchone()["n"],
        f"the import waits for a lock of type {locktype}",
        goes_on=lambda: process.poll() is None,
    )


def kill_in_the_second_batch(kind, path, database_url, servers, *, written_late):
    """Let the import store its first batch and kill it inside the transaction of the second.

    `written_late` is a table that a batch writes after others.
    """
    with connect(database_url, autocommit=True) as turns, connect(database_url) as blocker:
        turns.execute("select pg_advisory_lock(%s)", [IMPORT_LOCK])
        process = start_import(kind, path, database_url, servers)
        wait_until_blocked(turns, process, "advisory")
        # The import is next, then we are again: between its first batch and its second.
        turns.execute("select pg_advisory_unlock(%s)", [IMPORT_LOCK])
        turns.execute("select pg_advisory_lock(%s)", [IMPORT_LOCK])
        wait_until_blocked(turns, process, "advisory")
        # What is written before will be written when the second batch comes to this table, and waits there.
        blocker.execute(f"lock table {written_late} in exclusive mode")
        turns.execute("select pg_advisory_unlock(%s)", [IMPORT_LOCK])
        wait_until_blocked(turns, process, "relation")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        blocker.rollback()


class TestKilledImport:
    def test_started_again_leaves_what_one_import_leaves(self, database_url, other_database_url, servers, files):
        catalog, orders = files
        with connect(database_url, autocommit=True) as killed, connect(other_database_url, autocommit=True) as whole:
            import_file(killed, "catalog", catalog)
            kill_in_the_second_batch("orders", orders, database_url, servers, written_late="refunds")
            unknown = BATCH_MAX_ROWS // 500
            after_kill = killed.execute("select count(*) as n from orders").fetchone()["n"]
            report = import_file(killed, "orders", orders)
            import_file(whole, "catalog", catalog)
            import_file(whole, "orders", orders)
            assert after_kill == BATCH_MAX_ROWS - unknown
            assert report.unchanged == after_kill
            assert report.inserted == ROWS - report.unchanged - report.quarantined
            assert killed.execute(BUSINESS).fetchall() == whole.execute(BUSINESS).fetchall()
            assert killed.execute(QUARANTINED).fetchall() == whole.execute(QUARANTINED).fetchall()
            assert killed.execute("select count(*) as n from users").fetchone()["n"] == 70

    def test_of_plain_events_stores_each_once(self, database_url, servers, tmp_path):
        path = tmp_path / "events.parquet"
        ids = [f"e{number}" for number in range(2 * BATCH_MAX_ROWS_TOGETHER + 500)]
        moments = pa.array([datetime(2026, 1, 2, tzinfo=UTC)] * len(ids), pa.timestamp("us", "UTC"))
        pq.write_table(
            pa.table({"event_id": ids, "event_name": ["cart.filled"] * len(ids), "occurred_at": moments}), path
        )
        with connect(database_url, autocommit=True) as connection:
            kill_in_the_second_batch("events", path, database_url, servers, written_late="event_batches")
            after_kill = connection.execute(EVENTS).fetchone()
            report = import_file(connection, "events", path)
            assert after_kill == {"n": BATCH_MAX_ROWS_TOGETHER, "known": BATCH_MAX_ROWS_TOGETHER}
            assert (report.duplicates, report.inserted) == (after_kill["n"], len(ids) - after_kill["n"])
            assert connection.execute(EVENTS).fetchone() == {"n": len(ids), "known": len(ids)}
