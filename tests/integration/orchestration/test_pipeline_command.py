"""`manage.py pipeline` as its users meet it: in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import duckdb
import psycopg
import pytest
from click.testing import CliRunner

from cli.commands.pipeline import pipeline
from orchestration.lock import hold_pipeline_lock
from tests.integration.orchestration.conftest import Place, new_data_dir
from tests.integration.orchestration.marketplace import add_stripe_order, read, read_value
from tests.waiting import wait_until
from warehouse.databases import drop_database
from warehouse.settings import PROJECT_ROOT, with_database

COMMAND = [sys.executable, "cli/manage.py", "pipeline"]
AS_OF = "2026-03-20T00:00:00Z"
PATIENCE_SECONDS = 300

MARTS = {
    "dim_organizations": "organization_id",
    "dim_prompts": "prompt_id",
    "fct_impressions": "impression_id",
    "fct_orders": "order_id",
    "fct_refunds": "refund_id",
    "fct_searches": "search_id",
    "fct_sessions": "session_id",
    "agg_prompts_performance_daily": "prompt_id, performance_date, currency",
    "agg_sellers_performance_daily": "seller_organization_id, performance_date, currency",
}


def start(place: Place, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, **place.environment, "PYTHONDONTWRITEBYTECODE": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def call(place: Place, *arguments: str) -> tuple[int, str, str]:
    process = start(place, *arguments)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, out, err


@pytest.fixture
def another_warehouse(place: Place, tmp_path: Path, manifests: Path) -> Iterator[Place]:
    """The same marketplace with a warehouse and a data directory nobody has used."""
    warehouse_url = with_database(place.warehouse_url, f"test_{uuid4().hex[:12]}_warehouse")
    yield replace(place, warehouse_url=warehouse_url, data_dir=new_data_dir(tmp_path / "data", manifests))
    drop_database(warehouse_url)


class TestRun:
    def test_says_what_it_loaded_and_published(self, place: Place) -> None:
        status, out, err = call(place, "run", "--as-of", AS_OF)
        assert (status, err) == (0, "")
        assert "raw_app.orders                                     60" in out
        assert "fct_orders                                         60" in out
        current = read_value(place.warehouse_url, "select publication_id from marts.publications")
        assert f"Publication {current}, as of 2026-03-20T00:00:00+00:00" in out


LOADING = "select count(*) > 2 as reached from control.load_watermarks"
BUILDING = "select to_regclass('marts_build.fct_orders') is not null as reached"
PUBLISHING = "select count(*) > 0 as reached from control.rankings"


class TestKill:
    # At random moments: test_killed_runs.py.
    @pytest.mark.slow(minutes=1)
    def test_what_a_killed_run_left_is_finished_by_the_next(self, place: Place, another_warehouse: Place) -> None:
        killed, whole = another_warehouse, place
        for point in (LOADING, BUILDING, PUBLISHING):
            kill_when(killed, point)
            assert not is_published(killed)
        assert [call(each, "run", "--as-of", AS_OF)[0] for each in (killed, whole)] == [0, 0]
        assert contents(killed) == contents(whole)
        assert snapshot_rows(killed) == snapshot_rows(whole)


class TestBlockedRun:
    def test_names_the_check_that_blocked_and_ends_with_status_1(self, place: Place) -> None:
        before = read(place.warehouse_url, "select publication_id from marts.publications")
        add_stripe_order(place.database_url, amount_cents=1000, confirmed_cents=900)
        status, _, err = call(place, "run")
        assert status == 1
        assert "Check failed: marts_build.fct_orders: fct_orders_reconciles_with_raw_webhook_messages" in err
        assert "what was published before this run stays as it was" in err
        assert f"Everything the run recorded is in {place.data_dir}/logs/pipeline.log" in err
        assert "Traceback" not in err
        assert read(place.warehouse_url, "select publication_id from marts.publications") == before

    def test_a_second_run_at_the_same_time_is_turned_away_with_a_sentence(self, place: Place) -> None:
        with hold_pipeline_lock(place.warehouse_url):
            status, out, err = call(place, "run", "--json")
        [failure] = json.loads(out)["failures"]
        assert failure.startswith("Another pipeline run is at work on this warehouse since ")
        assert (status, err) == (1, "")
        told = "select message from alerting.outcomes where rule = 'run' and subject = 'build_marts_job'"
        assert failure in read_value(place.warehouse_url, told)


class TestStatus:
    def test_shows_the_publication_what_waits_and_the_last_run(self, place: Place) -> None:
        status, out, _ = call(place, "status")
        current = read_value(
            place.warehouse_url, "select publication_id from marts.publications where status = 'current'"
        )
        assert status == 0
        assert f"Publication {current}, as of " in out
        assert "Events waiting for the next run: 0" in out
        assert "Last run: failure" in out

    def test_as_json_has_the_rows_of_each_mart(self, place: Place) -> None:
        _, out, _ = call(place, "status", "--json")
        assert json.loads(out)["mart_rows"]["fct_orders"] == 60


class TestArguments:
    @pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "2026-03-01T25:00:00Z", ""])
    def test_a_timestamp_that_is_none_is_refused_with_status_2(self, value: str) -> None:
        refused = CliRunner().invoke(pipeline, ["run", "--as-of", value])
        assert refused.exit_code == 2
        assert "is not a timestamp; write one like 2026-03-31T06:00:00Z" in refused.output

    def test_the_future_is_refused_with_status_2(self) -> None:
        refused = CliRunner().invoke(pipeline, ["run", "--as-of", "2999-01-01"])
        assert refused.exit_code == 2
        assert "lies in the future" in refused.output

    def test_a_moment_before_anything_could_happen_is_refused_with_status_2(self) -> None:
        refused = CliRunner().invoke(pipeline, ["run", "--as-of", "0001-01-01T00:00:00+14:00"])
        assert refused.exit_code == 2
        assert "lies before 2000" in refused.output

    def test_a_server_that_is_not_there_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        place = Place("postgresql://nobody@127.0.0.1:9/nothing", "", "redis://127.0.0.1:9", tmp_path)
        status, _, err = call(place, "run")
        assert status == 1
        assert err.startswith("Error: DATABASE_URL does not lead to a PostgreSQL server")
        assert "Traceback" not in err


def kill_when(place: Place, condition: str) -> None:
    """Start a run and kill it with SIGKILL as soon as a query over its warehouse says so."""
    process = start(place, "run", "--as-of", AS_OF)
    try:
        wait_until(lambda: is_reached(place, condition), condition, goes_on=lambda: process.poll() is None)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def is_reached(place: Place, condition: str) -> bool:
    try:
        return bool(read_value(place.warehouse_url, condition))
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return False


def is_published(place: Place) -> bool:
    return bool(read_value(place.warehouse_url, "select to_regclass('marts.publications') is not null"))


def contents(place: Place) -> dict[str, object]:
    """Everything readers see but the publication's own name and times."""
    found: dict[str, object] = {
        mart: read(place.warehouse_url, f"select * from marts.{mart} order by {key}") for mart, key in MARTS.items()
    }
    found["rank_prompts"] = read(
        place.warehouse_url,
        "select surface, segment, rank, prompt_id, score, contributions, as_of from marts.rank_prompts"
        " order by 1, 2, 3",
    )
    return found


def snapshot_rows(place: Place) -> list[tuple[object, ...]]:
    with duckdb.connect(str(place.data_dir / "snapshots" / "latest.duckdb"), read_only=True) as snapshot:
        return snapshot.execute("select * from marts.fct_orders order by order_id").fetchall()
