"""A run killed at any moment and started again ends where one that nobody disturbed ends, and readers see no half."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from psycopg import sql

from orchestration.run import run_pipeline
from tests.integration.orchestration.conftest import Place, new_data_dir
from tests.integration.orchestration.marketplace import add_news
from warehouse.databases import connect, drop_database
from warehouse.loading import prepare_warehouse
from warehouse.publication.table import PUBLISHED_SCHEMA, read_tables
from warehouse.settings import PROJECT_ROOT, get_settings, with_database

COMMAND = [sys.executable, "cli/manage.py", "pipeline", "run", "--as-of"]
AS_OF = "2026-03-25T00:00:00Z"
# They say what was published when, which differs, whatever was published.
RECORDS = {"publications", "rank_prompts_history", "fct_restatements", "fct_whole_restatements"}
# All the rest of what readers see, as one hash for each mart; the ranks name their publication.
FINGERPRINT = """
select md5(coalesce(string_agg(rows::text, '' order by rows::text), '')) as fingerprint from (select {} from {}) as rows
"""
LOOK_EVERY_SECONDS = 0.05
POINTS = 20

Contents = frozenset[tuple[str, str]]


@dataclass
class Reader(threading.Thread):
    """Looks at the marts and at the snapshot again and again, as their readers do."""

    place: Place
    stop: threading.Event = field(default_factory=threading.Event)
    seen: set[Contents] = field(default_factory=set)
    snapshots: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self.stop.wait(LOOK_EVERY_SECONDS):
            self.seen.add(contents(self.place.warehouse_url))
            self.snapshots.add(snapshot_orders(self.place))

    def __enter__(self) -> "Reader":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join()


def contents(warehouse_url: str) -> Contents:
    """What readers see at one moment, as a hash of each mart."""
    with connect(warehouse_url) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        found = set()
        for table in read_tables(connection, PUBLISHED_SCHEMA):
            names = [name for name in table.column_names if name != "publication_id"]
            if table.name not in RECORDS:
                columns = sql.SQL(", ").join(map(sql.Identifier, names))
                row = connection.execute(sql.SQL(FINGERPRINT).format(columns, table.identifier)).fetchone()
                assert row is not None
                found.add((table.name, row["fingerprint"]))
    return frozenset(found)


def snapshot_orders(place: Place) -> str:
    """A hash over the snapshot's largest tables of which one can't change without the other."""
    with duckdb.connect(str(place.data_dir / "snapshots" / "latest.duckdb"), read_only=True) as snapshot:
        row = snapshot.execute(
            "select md5((select string_agg(o::varchar, '' order by order_id) from marts.fct_orders as o)"
            " || (select string_agg(d::varchar, '' order by prompt_id, performance_date, currency)"
            " from marts.agg_prompts_performance_daily as d))"
        ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.fixture
def whole(place: Place, tmp_path: Path, manifests: Path) -> Iterator[Place]:
    """The same marketplace with a warehouse of its own, which nobody disturbs."""
    warehouse_url = with_database(place.warehouse_url, f"test_{uuid4().hex[:12]}_warehouse")
    prepare_warehouse(warehouse_url)
    yield replace(place, warehouse_url=warehouse_url, data_dir=new_data_dir(tmp_path / "data", manifests))
    drop_database(warehouse_url)


def refresh_fully(place: Place) -> None:
    """Make and publish everything anew from the raw tables."""
    with connect(place.warehouse_url) as connection:
        for schema in ("marts", "features", "marts_build", "intermediate", "staging"):
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        for table in ("built_project", "finished_build", "published_marts", "mart_changes", "mart_day_changes"):
            connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier("control", table)))
    with settings_of(place):
        assert run_pipeline(get_settings(), as_of=datetime.fromisoformat(AS_OF)).is_successful


@contextmanager
def settings_of(place: Place) -> Iterator[None]:
    """This process works on the place for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environment.items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


def start(place: Place) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*COMMAND, AS_OF],
        cwd=PROJECT_ROOT,
        env={**os.environ, **place.environment, "PYTHONDONTWRITEBYTECODE": ""},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def run_to_the_end(place: Place) -> float:
    """Seconds that a run takes."""
    began = time.monotonic()
    assert start(place).wait() == 0
    return time.monotonic() - began


def kill_after(place: Place, seconds: float) -> None:
    """Kill a run, with all processes that it has."""
    process = start(place)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class TestKilledAtRandomPoints:
    @pytest.mark.slow(minutes=10)
    def test_and_started_again_ends_as_a_full_refresh_does(self, place: Place, whole: Place) -> None:
        chance = random.Random(20)
        run_to_the_end(place)
        add_news(place.database_url, number=0)
        duration = run_to_the_end(place)
        for point in range(POINTS):
            before = contents(place.warehouse_url)
            snapshot_before = snapshot_orders(place)
            add_news(place.database_url, number=point + 1)
            with Reader(place) as reader:
                kill_after(place, chance.uniform(point, point + 1) / POINTS * duration)
                run_to_the_end(place)
            refresh_fully(whole)
            after = contents(whole.warehouse_url)
            assert after != before
            assert contents(place.warehouse_url) == after, point
            assert snapshot_orders(place) == snapshot_orders(whole), point
            assert reader.seen <= {before, after}, point
            assert reader.snapshots <= {snapshot_before, snapshot_orders(whole)}, point
